//! Password hashing with argon2id: deliberately slow, off the runtime's threads.

use std::sync::Arc;

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use protocol::account::Password;
use tokio::sync::Semaphore;

use crate::error::StoreError;

/// Memory of one hash, in KiB. This and the next two are the recommendation of
/// the OWASP Password Storage Cheat Sheet for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Degree of parallelism.
const LANES: u32 = 1;
/// Most hashes at once. Each takes a core and 19 MiB: more would not be done sooner,
/// and would starve races on the same machine.
const HASHES_AT_ONCE: usize = 4;
/// Salt of the hashes computed for unknown players, which are discarded.
const DECOY_SALT: [u8; 16] = [0; 16];

/// Hashes and verifies passwords. Clones share the bound.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_AT_ONCE)))
    }
}

impl Passwords {
    /// Computes a hash in PHC format with a new salt.
    ///
    /// # Errors
    /// When memory or randomness is unavailable.
    pub async fn hash(&self, password: Password) -> Result<String, StoreError> {
        self.slowly(move || {
            argon2()
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
        })
        .await
    }

    /// Whether the password matches the hash. Without a hash the result is false, after
    /// the same time.
    ///
    /// # Errors
    /// When the hash cannot be parsed.
    pub async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, StoreError> {
        self.slowly(move || {
            let bytes = password.expose().as_bytes();
            let Some(hash) = hash else {
                argon2().hash_password_with_salt(bytes, &DECOY_SALT)?;
                return Ok(false);
            };
            match argon2().verify_password(bytes, &PasswordHash::new(&hash)?) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _slot = self
            .0
            .acquire()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .expect("hashing does not panic and is not cancelled")
            .map_err(StoreError::Password)
    }
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepts_only_the_password_that_was_hashed() {
        let passwords = Passwords::default();
        let hash = passwords
            .hash(Password::new("correct horse"))
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let right = Password::new("correct horse");
        assert!(
            passwords
                .verify(right.clone(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Password::new("battery"), Some(hash))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(right.clone(), None).await.unwrap());
        assert!(
            passwords
                .verify(right, Some("plain text".to_owned()))
                .await
                .is_err()
        );
    }
}
