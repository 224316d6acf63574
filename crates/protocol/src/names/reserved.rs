//! Names that nobody can sign up as.

use super::{NameError, PlayerName, Skeleton};

/// Names by which people would take a player for the service or for someone who runs
/// it, and words that programs give a meaning.
const OFFICIAL: [&str; 22] = [
    "admin",
    "administrator",
    "anonymous",
    "gm",
    "help",
    "host",
    "info",
    "mod",
    "moderator",
    "nobody",
    "null",
    "official",
    "operator",
    "owner",
    "root",
    "security",
    "server",
    "service",
    "slipstream",
    "staff",
    "support",
    "system",
];

/// What names that look like an AI driver's begin with, as skeletons have it: in many
/// fonts `Al-Ada` cannot be told from `AI-Ada`.
const AI_SKELETON_PREFIX: &str = "al-";

/// What the names of deleted accounts begin with.
const DELETED_PREFIX: &str = "deleted-";

/// Refuses reserved names and what looks like them.
pub(super) fn check(name: &PlayerName) -> Result<(), NameError> {
    let skeleton = name.skeleton();
    if skeleton.as_str().starts_with(AI_SKELETON_PREFIX) {
        return Err(NameError::Reserved);
    }
    if skeleton.as_str().starts_with(DELETED_PREFIX) {
        return Err(NameError::Deleted);
    }
    // A separator at either end does not make another name of it.
    let word = skeleton.as_str().trim_matches('-');
    if OFFICIAL
        .iter()
        .any(|official| Skeleton::of(official).as_str() == word)
    {
        return Err(NameError::Official {
            name: name.to_string(),
        });
    }
    Ok(())
}

/// The name under which the results of a deleted account are kept.
#[must_use]
pub fn deleted_name(number: u32) -> PlayerName {
    let name = format!("{DELETED_PREFIX}{number:08x}");
    PlayerName::parse(&name).expect("16 characters of the alphabet are a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_official_names_in_every_spelling() {
        for text in [
            "admin",
            "Adm1n",
            "ADM-IN",
            "_root_",
            "SIipstream",
            "5upport",
            "rnod",
        ] {
            let refused = PlayerName::parse_new(text);
            let is_official = matches!(refused, Err(NameError::Official { .. }));
            // A separator in the middle makes another word of it.
            assert_eq!(is_official, text != "ADM-IN", "{text}: {refused:?}");
        }
        for text in ["Administrata", "rooty", "servers", "model", "Modesty"] {
            assert!(PlayerName::parse_new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn nobody_is_called_like_a_deleted_account() {
        for text in ["deleted-7f3a", "De1eted_x", "DELETED--"] {
            assert_eq!(
                PlayerName::parse_new(text),
                Err(NameError::Deleted),
                "{text}"
            );
        }
        let name = deleted_name(0x7f3a);
        assert_eq!(name.as_str(), "deleted-00007f3a");
        assert_eq!(name.expect_unreserved(), Err(NameError::Deleted));
        assert!(PlayerName::parse_new("deleted").is_ok());
    }

    #[test]
    fn nobody_is_called_like_an_ai_driver() {
        for text in ["Al-Ada", "A1-Bob", "ai_cyd"] {
            assert_eq!(
                PlayerName::parse_new(text),
                Err(NameError::Reserved),
                "{text}"
            );
        }
    }
}
