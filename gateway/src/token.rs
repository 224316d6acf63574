//! Session tokens: the identity of a player, signed.
//!
//! A token is `base64url(claims as JSON).base64url(HMAC-SHA256)`. Any gateway
//! with the same key accepts it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::{PlayerName, Rejection, RejectionCode};
use ring::hmac;
use serde::{Deserialize, Serialize};

const KEY_BYTES: usize = 32;

/// Which port a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// Lobby and race, by default 10000.
    Race,
    /// Chat, by default 10001.
    Chat,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    player: PlayerName,
    port: Port,
    expires_at: u64,
}

/// Signs and checks tokens.
#[derive(Clone, Debug)]
pub struct Signer(hmac::Key);

impl Signer {
    /// With a key of 32 bytes.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// With the key of a file, which is made, for its owner's eyes only, when
    /// it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or made, or is not a key.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        if !path.exists() {
            make_key(path)?;
        }
        let bytes = fs::read(path)?;
        let key = bytes.as_slice().try_into().map_err(|_| {
            let message = format!("a session key has {KEY_BYTES} bytes, not {}", bytes.len());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(Self::new(key))
    }

    /// A token for `player` at `port`, good until `expires_at` (Unix seconds).
    #[must_use]
    pub fn sign(&self, player: &PlayerName, port: Port, expires_at: u64) -> String {
        let claims = Claims {
            player: player.clone(),
            port,
            expires_at,
        };
        let body = serde_json::to_vec(&claims).expect("claims serialise to JSON");
        let tag = hmac::sign(&self.0, &body);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&body),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// When it is forged, expired at `now` (Unix seconds), or of another port.
    pub fn verify(&self, token: &str, port: Port, now: u64) -> Result<PlayerName, Rejection> {
        let bad = |message| Rejection::new(RejectionCode::BadToken, message);
        let claims = self
            .open(token)
            .ok_or_else(|| bad("this session is not valid"))?;
        if claims.port != port {
            return Err(bad("this session belongs to the other port"));
        }
        if claims.expires_at <= now {
            return Err(bad("this session has expired, log in again"));
        }
        Ok(claims.player)
    }

    fn open(&self, token: &str) -> Option<Claims> {
        let (body, tag) = token.split_once('.')?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.0, &body, &tag).ok()?;
        serde_json::from_slice(&body).ok()
    }
}

/// Writes a new key under another name and links it to its own, so that of two
/// gateways that start together one makes the key and the other reads it.
fn make_key(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(&rand::random::<[u8; KEY_BYTES]>())?;
    file.sync_all()?;
    let linked = fs::hard_link(&partial, path);
    fs::remove_file(&partial)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> PlayerName {
        PlayerName::parse("Ada").unwrap()
    }

    #[test]
    fn knows_its_own_tokens() {
        let signer = Signer::new(&[7; KEY_BYTES]);
        let token = signer.sign(&ada(), Port::Chat, 100);
        assert_eq!(signer.verify(&token, Port::Chat, 99).unwrap(), ada());
    }

    #[test]
    fn refuses_what_is_forged_expired_or_meant_for_another_port() {
        let signer = Signer::new(&[7; KEY_BYTES]);
        let token = signer.sign(&ada(), Port::Chat, 100);
        let forged = Signer::new(&[8; KEY_BYTES]).sign(&ada(), Port::Chat, 100);
        let cut = &token[..token.len() - 2];
        for (token, port, now, expected) in [
            (token.as_str(), Port::Race, 0, "other port"),
            (token.as_str(), Port::Chat, 100, "expired"),
            (forged.as_str(), Port::Chat, 0, "not valid"),
            (cut, Port::Chat, 0, "not valid"),
            ("", Port::Chat, 0, "not valid"),
            ("a.b", Port::Chat, 0, "not valid"),
        ] {
            let error = signer.verify(token, port, now).unwrap_err();
            assert_eq!(error.code, RejectionCode::BadToken);
            assert!(error.message.contains(expected), "{token}: {error}");
        }
    }
}
