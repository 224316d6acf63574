//! Sessions without accounts: the entries that a gateway makes at a log-in, written as an
//! operator may, and tokens signed with the gateways' keys.

use anyhow::{Context, Result};
use bus::{Bucket, Bus, Connection, User, store};
use gateway::token::{Claims, Signer};
use protocol::budgets::PlayerBudgets;
use protocol::session::{Holder, Port, Session, SessionId};
use protocol::version::{self, SESSION};
use protocol::{GatewayId, PlayerName, SessionNonce, subject};
use tokio::task::JoinSet;

use crate::options::AttackOptions;
use crate::time::unix_ms;

/// Writes under way at once: NATS stores thousands a second.
const WRITES_MAX: usize = 64;

/// Begins a session at the race port for each attacker. Returns their tokens.
///
/// # Errors
/// When the keys cannot be read, or NATS does not take a session.
pub(super) async fn begin(options: &AttackOptions) -> Result<Vec<String>> {
    let missing = "sessions need --nats, --nats-seed and --session-keys";
    let keys = options.session_keys.as_ref().context(missing)?;
    let signer = Signer::from_file(keys)?;
    let connection = Connection {
        url: options.nats.clone().context(missing)?,
        name: "flood".to_owned(),
        user: User::Operator,
        seed: options.nats_seed.clone(),
        ca: None,
    };
    let bus = Bus::connect(connection).await?;
    let bucket = bus.existing_bucket(&store::SESSIONS).await?;
    let mut tokens = Vec::new();
    let mut writing = JoinSet::new();
    for number in 0..options.attackers {
        if writing.len() >= WRITES_MAX
            && let Some(written) = writing.join_next().await
        {
            written??;
        }
        // Other names than in an earlier flood: a key is created.
        let name = format!("i{:x}-{number}", std::process::id());
        let player = PlayerName::parse(&name)?;
        let session = session(number);
        tokens.push(signer.sign(&Claims {
            player: player.clone(),
            port: Port::Race,
            session: session.token(),
            expires_at: session.expires_at(),
        }));
        writing.spawn(write(bucket.clone(), player, session));
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(tokens)
}

/// A session whose connection has closed, with nothing spent.
fn session(number: u32) -> Session {
    let holder = Holder {
        gateway: GatewayId::new(0),
        connection: SessionNonce::new(0),
    };
    let id = SessionId::new(u64::from(number) + 1);
    let budgets = PlayerBudgets {
        at: unix_ms(),
        ..PlayerBudgets::default()
    };
    Session::begin(id, holder, unix_ms()).closed(budgets)
}

async fn write(bucket: Bucket, player: PlayerName, session: Session) -> Result<()> {
    let key = subject::session_key(&player.id(), Port::Race);
    let value = version::to_json(&SESSION, &session);
    bucket.create(&key, value).await?;
    Ok(())
}
