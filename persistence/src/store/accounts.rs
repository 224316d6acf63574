//! Sign-up, log-in, profile and leaderboard.

use protocol::account::{Account, Credentials, Leaderboard, Profile};
use protocol::{PlayerId, PlayerName, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select, SqlErr,
};

use super::{READ_TIMEOUT, Store, WRITE_TIMEOUT, bounded};
use crate::entity::{player, race_result};
use crate::error::StoreError;

/// Number of players on the leaderboard, as many as its window shows.
const LEADERBOARD_PLAYERS_MAX: u64 = 20;
/// The name of a 64-bit integer type that SQLite, MySQL and MariaDB all accept in a
/// cast.
const WHOLE: &str = "SIGNED INTEGER";

/// The totals of a player's races.
#[derive(FromQueryResult)]
struct Tally {
    name: String,
    races: i64,
    wins: i64,
    total: i64,
}

impl Store {
    /// Creates an account.
    ///
    /// # Errors
    /// When the password is outside its limits, the name is taken or an AI
    /// driver's, or the database is unavailable.
    pub async fn signup(
        &self,
        credentials: Credentials,
        now: UnixMillis,
    ) -> Result<Account, StoreError> {
        let Credentials { name, password } = credentials;
        name.expect_person().map_err(StoreError::BadName)?;
        password.check().map_err(StoreError::BadPassword)?;
        // Avoids hashing in vain; the insert decides.
        if self.find(&name.id()).await?.is_some() {
            return Err(StoreError::NameTaken(name));
        }
        let row = player::ActiveModel {
            id: Set(name.id().into()),
            name: Set(name.to_string()),
            password_hash: Set(self.passwords.hash(password).await?),
            created_at: Set(i64::try_from(now).unwrap_or(i64::MAX)),
        };
        let insert = player::Entity::insert(row).exec_without_returning(&self.database);
        match bounded("make an account", WRITE_TIMEOUT, insert).await {
            Ok(_rows) => Ok(Account { name }),
            Err(StoreError::Database { source, .. })
                if matches!(source.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                Err(StoreError::NameTaken(name))
            }
            Err(error) => Err(error),
        }
    }

    /// Checks a password. An unknown player takes as long as a wrong password, and gives
    /// the same error.
    ///
    /// # Errors
    /// When the credentials are wrong or the database is unavailable.
    pub async fn login(&self, credentials: Credentials) -> Result<Account, StoreError> {
        let found = self.find(&credentials.name.id()).await?;
        let (name, hash) = found.map(|row| (row.name, row.password_hash)).unzip();
        if !self.passwords.verify(credentials.password, hash).await? {
            return Err(StoreError::WrongCredentials);
        }
        let name = name.and_then(|name| PlayerName::parse(&name).ok());
        name.map(|name| Account { name })
            .ok_or(StoreError::WrongCredentials)
    }

    /// A player's record over all races.
    ///
    /// # Errors
    /// When there is no such player or the database is unavailable.
    pub async fn profile(&self, player: &PlayerId) -> Result<Profile, StoreError> {
        let tally = tallies(JoinType::LeftJoin)
            .filter(player::Column::Id.eq(player.as_str()))
            .into_model::<Tally>()
            .one(&self.database);
        bounded("read a profile", READ_TIMEOUT, tally)
            .await?
            .and_then(Tally::profile)
            .ok_or_else(|| StoreError::UnknownPlayer(player.clone()))
    }

    /// Returns the best players of all races: most wins first, then the highest
    /// score.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn leaderboard(&self) -> Result<Leaderboard, StoreError> {
        let tallies = tallies(JoinType::InnerJoin)
            .order_by(Expr::col("wins"), Order::Desc)
            .order_by(Expr::col("total"), Order::Desc)
            .order_by(player::Column::Id, Order::Asc)
            .limit(LEADERBOARD_PLAYERS_MAX)
            .into_model::<Tally>()
            .all(&self.database);
        let tallies = bounded("read the leaderboard", READ_TIMEOUT, tallies).await?;
        Ok(Leaderboard {
            players: tallies.into_iter().filter_map(Tally::profile).collect(),
        })
    }

    async fn find(&self, player: &PlayerId) -> Result<Option<player::Model>, StoreError> {
        let row = player::Entity::find_by_id(player.as_str()).one(&self.database);
        bounded("find an account", READ_TIMEOUT, row).await
    }
}

impl Tally {
    /// Converts the row; `None` for a name that this program did not write.
    fn profile(self) -> Option<Profile> {
        Some(Profile {
            name: PlayerName::parse(&self.name).ok()?,
            races: u64::try_from(self.races).unwrap_or_default(),
            wins: u64::try_from(self.wins).unwrap_or_default(),
            score: self.total,
        })
    }
}

fn tallies(join: JoinType) -> Select<player::Entity> {
    let player_of_result: RelationDef = race_result::Entity::belongs_to(player::Entity)
        .from(race_result::Column::Player)
        .to(player::Column::Id)
        .into();
    let won = Expr::case(race_result::Column::Place.eq(1), 1).finally(0);
    player::Entity::find()
        .select_only()
        .column_as(player::Column::Name, "name")
        .column_as(race_result::Column::Race.count(), "races")
        .column_as(whole(Expr::expr(won).sum()), "wins")
        .column_as(whole(race_result::Column::Score.sum().if_null(0)), "total")
        .join(join, player_of_result.rev())
        .group_by(player::Column::Id)
        .group_by(player::Column::Name)
}

/// Casts a sum to an integer: MySQL sums integers to a decimal.
fn whole(sum: Expr) -> Expr {
    sum.cast_as(WHOLE)
}
