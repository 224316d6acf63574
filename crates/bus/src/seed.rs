//! The secret of a NATS user: the seed of an Ed25519 key pair, as text in a file.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;

/// The seed of a NATS user.
#[derive(Clone)]
pub struct Seed {
    text: String,
    pair: Arc<KeyPair>,
}

/// A seed that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// There is no such file, or it may not be read.
    #[error(
        "cannot read {}, the seed of a NATS user (--nats-seed or SLIPSTREAM_NATS_SEED names it); \
         `racectl nats-users DIR` makes seeds",
        path.display()
    )]
    Unreadable {
        /// Name of the file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Other users of the machine can read or change it.
    #[error(
        "{} is a secret that others on this machine can reach (mode {mode:03o}): \
         do `chmod 600` on it",
        path.display()
    )]
    TooOpen {
        /// Name of the file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The text is something else.
    #[error(
        "{} is not the seed of a NATS user, which begins with SU; \
         `racectl nats-users DIR` makes seeds",
        path.display()
    )]
    NotASeed {
        /// Name of the file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: nkeys::error::Error,
    },
}

impl Seed {
    /// A new seed.
    #[must_use]
    pub fn generate() -> Self {
        let pair = KeyPair::new_user();
        let text = pair.seed().expect("a new key pair has its secret half");
        let pair = Arc::new(pair);
        Self { text, pair }
    }

    /// Reads the seed in a file that only its owner can reach.
    ///
    /// # Errors
    /// When there is no such file, others can reach it, or it contains no seed.
    pub fn read(path: &Path) -> Result<Self, SeedError> {
        refuse_too_open(path)?;
        let text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
        let text = text.trim().to_owned();
        let pair = KeyPair::from_seed(&text).map_err(|source| SeedError::NotASeed {
            path: path.to_owned(),
            source,
        })?;
        let pair = Arc::new(pair);
        Ok(Self { text, pair })
    }

    /// Its text. It is a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The public key, by which a NATS server knows the user.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.pair.public_key()
    }

    /// The answer to a NATS server's nonce, for tools that speak its protocol themselves.
    #[must_use]
    pub fn signature(&self, nonce: &str) -> String {
        let signature = self.pair.sign(nonce.as_bytes());
        URL_SAFE_NO_PAD.encode(signature.expect("a seed is the secret half"))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed of {}", self.public_key())
    }
}

fn unreadable(path: &Path, source: io::Error) -> SeedError {
    SeedError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// Permissions that a secret of an ordinary user must not have.
const OPEN_TO_OTHERS: u32 = 0o077;
/// Those that a secret of root must not have: an orchestrator mounts secrets as files of
/// root that the group of a container can read.
const OPEN_TO_OTHERS_OF_ROOT: u32 = 0o027;

fn refuse_too_open(path: &Path) -> Result<(), SeedError> {
    let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    let forbidden = match metadata.uid() {
        0 => OPEN_TO_OTHERS_OF_ROOT,
        _ => OPEN_TO_OTHERS,
    };
    let mode = metadata.mode() & 0o777;
    if mode & forbidden != 0 {
        let path = path.to_owned();
        return Err(SeedError::TooOpen { path, mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn write(folder: &Path, text: &str, mode: u32) -> PathBuf {
        let path = folder.join("user.nk");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_seed_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let seed = Seed::generate();
        let path = write(folder.path(), &format!("{}\n", seed.as_str()), 0o600);
        let read = Seed::read(&path).unwrap();
        assert_eq!(read.as_str(), seed.as_str());
        assert_eq!(read.public_key(), seed.public_key());
        assert!(read.public_key().starts_with('U'));
        assert!(!format!("{read:?}").contains(seed.as_str()));
    }

    #[test]
    fn says_what_to_do_about_a_file_that_is_no_secret_seed() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Seed::read(&folder.path().join("none.nk")).unwrap_err();
        assert!(missing.to_string().contains("racectl nats-users"));
        let path = write(folder.path(), Seed::generate().as_str(), 0o644);
        let open = Seed::read(&path).unwrap_err().to_string();
        assert!(open.contains("644") && open.contains("chmod 600"), "{open}");
        let path = write(folder.path(), "UNOTASEED", 0o600);
        let bad = Seed::read(&path).unwrap_err().to_string();
        assert!(bad.contains("not the seed"), "{bad}");
    }
}
