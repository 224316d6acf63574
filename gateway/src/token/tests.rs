use std::fs;
use std::os::unix::fs::PermissionsExt;

use protocol::session::SessionId;
use protocol::signing::{SigningKey, SigningKeys};

use super::*;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let path =
            std::env::temp_dir().join(format!("slipstream-keys-{:x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn keys(&self) -> std::path::PathBuf {
        self.0.join("session.keys")
    }

    fn signer(&self) -> Signer {
        Signer::from_file(&self.keys()).unwrap()
    }

    fn rotate(&self) {
        let text = fs::read_to_string(self.keys()).unwrap();
        let keys: SigningKeys = text.parse().unwrap();
        let new = SigningKey {
            id: rand::random(),
            made_at: keys.all()[0].made_at + 1,
            secret: rand::random(),
        };
        fs::write(self.keys(), keys.rotated(new).to_text()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn ada() -> Claims {
    Claims {
        player: PlayerName::parse("Ada").unwrap(),
        port: Port::Chat,
        session: TokenSession {
            id: SessionId::new(7),
            generation: 3,
        },
        expires_at: 100,
    }
}

#[test]
fn knows_its_own_tokens() {
    let folder = Folder::new();
    let signer = folder.signer();
    let token = signer.sign(&ada());
    assert_eq!(signer.verify(&token, Port::Chat, 99).unwrap(), ada());
    let another = folder.signer();
    assert_eq!(another.verify(&token, Port::Chat, 99).unwrap(), ada());
}

#[test]
fn refuses_what_is_forged_expired_or_meant_for_another_port() {
    let folder = Folder::new();
    let signer = folder.signer();
    let token = signer.sign(&ada());
    let forged = Folder::new().signer().sign(&ada());
    let (signed, tag) = token.rsplit_once('.').unwrap();
    let (key, _) = signed.split_once('.').unwrap();
    let other = Claims {
        player: PlayerName::parse("Bob").unwrap(),
        ..ada()
    };
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&other).unwrap());
    let altered = format!("{key}.{body}.{tag}");
    let unsigned = format!("{signed}.");
    let cut = &token[..token.len() - 2];
    for (token, port, now, expected) in [
        (token.as_str(), Port::Race, 0, "other port"),
        (token.as_str(), Port::Chat, 100, "expired"),
        (&forged, Port::Chat, 0, "not valid"),
        (&altered, Port::Chat, 0, "not valid"),
        (&unsigned, Port::Chat, 0, "not valid"),
        (cut, Port::Chat, 0, "not valid"),
        ("", Port::Chat, 0, "not valid"),
        ("a.b.c", Port::Chat, 0, "not valid"),
    ] {
        let error = signer.verify(token, port, now).unwrap_err();
        assert_eq!(error.code, RejectionCode::BadToken);
        assert!(error.message.contains(expected), "{token}: {error}");
    }
}

#[test]
fn keys_rotate_while_tokens_of_the_one_before_stay_good() {
    let folder = Folder::new();
    let (signer, slow) = (folder.signer(), folder.signer());
    let old = signer.sign(&ada());
    folder.rotate();
    signer.refresh();
    let new = signer.sign(&ada());
    assert_ne!(old.split('.').next(), new.split('.').next());
    for token in [&old, &new] {
        assert!(signer.verify(token, Port::Chat, 0).is_ok());
        // It reads the file when it sees a key that it does not know.
        assert!(slow.verify(token, Port::Chat, 0).is_ok());
    }
}

#[test]
fn a_file_that_others_may_read_is_refused_and_a_bad_one_changes_nothing() {
    let folder = Folder::new();
    let signer = folder.signer();
    let mode = fs::metadata(folder.keys()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = signer.sign(&ada());
    fs::write(folder.keys(), "nonsense").unwrap();
    signer.refresh();
    assert!(signer.verify(&token, Port::Chat, 0).is_ok());
    let error = Signer::from_file(&folder.keys()).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
    fs::set_permissions(folder.keys(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = Signer::from_file(&folder.keys()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}
