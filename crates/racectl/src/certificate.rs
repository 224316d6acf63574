//! Certificates for development and tests: a CA of one's own, and a server certificate by it.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// Names of the machine itself, which every certificate has.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How long the CA is good: clients are given it once.
const CA_LIFETIME: Duration = Duration::days(3_650);

/// How long a server certificate is good. It is renewed with each start of a deployment.
const SERVER_LIFETIME: Duration = Duration::days(365);

/// Clocks of other machines may be behind by this.
const CLOCK_LEEWAY: Duration = Duration::days(1);

/// Options of the command.
#[derive(Args, Clone, Debug)]
pub struct CertificateCommand {
    /// The folder to write to, made when it is missing
    folder: PathBuf,
    /// A further host name or IP address by which clients reach gateways
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
}

/// Makes a new server certificate, and the CA when there is none.
///
/// # Errors
/// When a name cannot be in a certificate, or a file cannot be read or written.
pub fn run(command: &CertificateCommand) -> Result<()> {
    let files = Files(&command.folder);
    files.make_folder()?;
    let now = OffsetDateTime::now_utc();
    let ca = Issuer::new(ca_params(now), files.ca_key(now)?);
    let names: Vec<String> = LOCAL_NAMES
        .into_iter()
        .map(str::to_owned)
        .chain(command.names.iter().cloned())
        .collect();
    let key = KeyPair::generate()?;
    let params = server_params(names.clone(), now);
    let params = params.with_context(|| format!("no certificate can be for {names:?}"))?;
    let certificate = params.signed_by(&key, &ca)?;
    // Gateways that read between the two find a key that does not fit, and keep the old one.
    files.write(&files.key(), &key.serialize_pem(), Secrecy::Secret)?;
    files.write(&files.certificate(), &certificate.pem(), Secrecy::Public)?;
    println!("CA           {}", files.ca().display());
    println!("certificate  {}", files.certificate().display());
    println!("key          {}", files.key().display());
    println!("names        {}", names.join(", "));
    Ok(())
}

fn ca_params(now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "Slipstream development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - CLOCK_LEEWAY;
    params.not_after = now + CA_LIFETIME;
    params
}

fn server_params(
    names: Vec<String>,
    now: OffsetDateTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "Slipstream gateway");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - CLOCK_LEEWAY;
    params.not_after = now + SERVER_LIFETIME;
    Ok(params)
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Secret,
    Public,
}

impl Secrecy {
    const fn mode(self) -> u32 {
        match self {
            Self::Secret => 0o600,
            Self::Public => 0o644,
        }
    }
}

/// The files in the folder.
struct Files<'a>(&'a Path);

impl Files<'_> {
    fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    fn ca_key_path(&self) -> PathBuf {
        self.0.join("ca.key")
    }

    fn certificate(&self) -> PathBuf {
        self.0.join("server.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("server.key")
    }

    fn make_folder(&self) -> Result<()> {
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.0);
        made.with_context(|| format!("cannot make {}", self.0.display()))
    }

    /// The key of the CA, which is made with its certificate when both are missing.
    fn ca_key(&self, now: OffsetDateTime) -> Result<KeyPair> {
        let (certificate, key) = (self.ca(), self.ca_key_path());
        match (certificate.exists(), key.exists()) {
            (true, true) => {
                let pem = fs::read_to_string(&key);
                let pem = pem.with_context(|| format!("cannot read {}", key.display()))?;
                KeyPair::from_pem(&pem)
                    .with_context(|| format!("{} holds no private key", key.display()))
            }
            (false, false) => {
                let made = KeyPair::generate()?;
                let ca = ca_params(now).self_signed(&made)?;
                self.write(&key, &made.serialize_pem(), Secrecy::Secret)?;
                self.write(&certificate, &ca.pem(), Secrecy::Public)?;
                Ok(made)
            }
            (true, false) => bail!(
                "{} is missing: remove {} too, and a new CA is made",
                key.display(),
                certificate.display()
            ),
            (false, true) => bail!(
                "{} is missing: remove {} too, and a new CA is made",
                certificate.display(),
                key.display()
            ),
        }
    }

    /// Writes a file in one step: a gateway never reads half a file, and a secret is never
    /// readable by others.
    fn write(&self, path: &Path, text: &str, secrecy: Secrecy) -> Result<()> {
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = File::options()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(secrecy.mode())
                .open(&partial)?;
            // The umask may have taken away more than it should.
            file.set_permissions(Permissions::from_mode(secrecy.mode()))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&partial, path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(folder: &Path, names: &[&str]) -> CertificateCommand {
        CertificateCommand {
            folder: folder.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn renews_the_server_certificate_and_keeps_the_ca() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("tls");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        run(&command(&folder, &["a.example"])).unwrap();
        let before = ["ca.pem", "ca.key", "server.pem", "server.key"].map(read);
        run(&command(&folder, &[])).unwrap();
        let after = ["ca.pem", "ca.key", "server.pem", "server.key"].map(read);
        assert_eq!(before[..2], after[..2]);
        assert!(before[2] != after[2] && before[3] != after[3]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    }

    #[test]
    fn keys_are_for_their_owner_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("tls");
        run(&command(&folder, &[])).unwrap();
        assert_eq!(mode(&folder), 0o700);
        for (file, expected) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.pem", 0o644)] {
            assert_eq!(mode(&folder.join(file)), expected, "{file}");
        }
    }

    #[test]
    fn refuses_half_a_ca_and_a_name_that_is_none() {
        let scratch = tempfile::tempdir().unwrap();
        let error = run(&command(scratch.path(), &["Grüße"])).unwrap_err();
        assert!(format!("{error:#}").contains("Grüße"), "{error:#}");
        fs::remove_file(scratch.path().join("ca.key")).unwrap();
        let error = run(&command(scratch.path(), &[])).unwrap_err().to_string();
        assert!(error.contains("ca.key is missing"), "{error}");
    }
}
