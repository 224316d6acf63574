//! Session tokens: the identity of a player, signed.
//!
//! A token is `key.claims.tag`: the id of the signing key, the claims as base64url JSON
//! and an HMAC-SHA256 of both. Any gateway with the same keys accepts it; whether its
//! session still lives [`sessions`](crate::sessions) knows.

mod keys;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::session::TokenSession;
use protocol::signing::SigningKeys;
use protocol::{PlayerName, Rejection, RejectionCode, UnixMillis};
use ring::hmac;
use serde::{Deserialize, Serialize};

pub use protocol::session::Port;

use self::keys::KeyFile;
pub use self::keys::KeyFileError;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The player.
    pub player: PlayerName,
    /// The port that it opens.
    pub port: Port,
    /// The session and its generation.
    #[serde(flatten)]
    pub session: TokenSession,
    /// When it expires.
    pub expires_at: UnixMillis,
}

/// Signs and checks tokens.
#[derive(Debug)]
pub struct Signer(KeyFile);

impl Signer {
    /// With the keys of a file, which is made with a new key, for its owner's eyes only,
    /// when it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or made, others may read it, or it has no keys.
    pub fn from_file(path: &Path) -> Result<Self, KeyFileError> {
        KeyFile::open(path).map(Self)
    }

    /// With keys that are in no file.
    #[must_use]
    pub fn new(keys: SigningKeys) -> Self {
        Self(KeyFile::with(None, keys))
    }

    /// Reads the file again if it has changed. One that cannot be used is reported, and
    /// the keys stay.
    pub fn refresh(&self) {
        self.0.refresh();
    }

    /// A token.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let (id, key) = self.0.signing();
        let body = serde_json::to_vec(claims).expect("claims serialise to JSON");
        let signed = format!("{id:08x}.{}", URL_SAFE_NO_PAD.encode(body));
        let tag = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// What a token says.
    ///
    /// # Errors
    /// When it is forged, expired, or of another port.
    pub fn verify(&self, token: &str, port: Port, now: UnixMillis) -> Result<Claims, Rejection> {
        let bad = |message| Rejection::new(RejectionCode::BadToken, message);
        let claims = self
            .read(token)
            .ok_or_else(|| bad("this session is not valid, log in again"))?;
        if claims.port != port {
            return Err(bad("this session belongs to the other port"));
        }
        if claims.expires_at <= now {
            return Err(bad("this session has expired, log in again"));
        }
        Ok(claims)
    }

    fn read(&self, token: &str) -> Option<Claims> {
        let (signed, tag) = token.rsplit_once('.')?;
        let (id, body) = signed.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let id = u32::from_str_radix(id, 16).ok()?;
        let key = self.0.key(id)?;
        hmac::verify(&key, signed.as_bytes(), &tag).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
    }
}

#[cfg(test)]
mod tests;
