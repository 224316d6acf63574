//! Names that are refused, changed passwords and deleted accounts.

use anyhow::Result;
use protocol::account::{AccountDeletion, PasswordChange};
use protocol::{Rejection, RejectionCode};
use serde_json::json;

use super::*;
use crate::error::StoreError;

/// The time for which the name of a deleted account is reserved.
const RESERVATION_MS: u64 = 30 * 24 * 3600 * 1000;

fn change(name: &PlayerName, old: &str, new: &str) -> PasswordChange {
    PasswordChange {
        player: name.id(),
        old: Password::new(old),
        new: Password::new(new),
        deadline: None,
    }
}

fn deletion(name: &PlayerName, password: &str) -> AccountDeletion {
    AccountDeletion {
        player: name.id(),
        password: Password::new(password),
        deadline: None,
    }
}

/// # Errors
/// When the database fails.
pub async fn refuses_a_name_that_looks_like_another(url: &str) -> Result<()> {
    let store = open(url).await?;
    let number = fresh_number() & 0xff_ffff_ffff;
    let name = |text: &str| PlayerName::parse(text);
    let first = name(&format!("lo_{number:x}"))?;
    store
        .signup(credentials(&first, "correct horse"), NOW)
        .await?;
    for alike in ["L0-", "1o_", "IO__"] {
        let alike = name(&format!("{alike}{number:x}"))?;
        let error = store
            .signup(credentials(&alike, "correct horse"), NOW)
            .await
            .err();
        assert!(
            matches!(error, Some(StoreError::NameTooSimilar(_))),
            "{alike}: {error:?}"
        );
        let refused = error.map(Rejection::from);
        assert!(
            refused.is_some_and(|refused| refused.code == RejectionCode::NameTaken
                && refused.message.contains("too similar to an existing one"))
        );
    }
    // It has no account, and the first one is as it was.
    let unknown = store
        .login(credentials(
            &name(&format!("L0-{number:x}"))?,
            "correct horse",
        ))
        .await;
    assert!(matches!(unknown, Err(StoreError::WrongCredentials)));
    store.login(credentials(&first, "correct horse")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_reserved_names(url: &str) -> Result<()> {
    let store = open(url).await?;
    for text in ["Admin", "r00t", "deleted-0000002a", "Al-Ada"] {
        let name = PlayerName::parse(text)?;
        let outcome = store.signup(credentials(&name, "correct horse"), NOW).await;
        let code = outcome.err().map(|error| Rejection::from(error).code);
        assert_eq!(code, Some(RejectionCode::BadName), "{text}");
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn takes_a_password_in_either_form(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "cafe\u{301} noir"), NOW)
        .await?;
    store.login(credentials(&name, "caf\u{e9} noir")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn takes_statements_as_values(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    let statement = "x'); DROP TABLE player; --\" \\' OR '1'='1";
    store.signup(credentials(&name, statement), NOW).await?;
    store.login(credentials(&name, statement)).await?;
    for guess in ["' OR '1'='1", "x", "%", "\\"] {
        let refused = store.login(credentials(&name, guess)).await;
        let refused = matches!(refused, Err(StoreError::WrongCredentials));
        assert!(refused, "{guess}");
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn changes_a_password(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    store
        .change_password(change(&name, "correct horse", "battery staple"))
        .await?;
    let old = store.login(credentials(&name, "correct horse")).await;
    assert!(matches!(old, Err(StoreError::WrongCredentials)), "{old:?}");
    // Also where another process looks.
    let other = open(url).await?;
    other.login(credentials(&name, "battery staple")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_to_change_a_password_without_the_old_one(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (name, unknown) = (fresh_player()?, fresh_player()?);
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    for (change, expected) in [
        (
            change(&name, "wrong horse", "battery staple"),
            RejectionCode::WrongCredentials,
        ),
        (
            change(&unknown, "correct horse", "battery staple"),
            RejectionCode::WrongCredentials,
        ),
        (
            change(&name, "correct horse", "short"),
            RejectionCode::BadPassword,
        ),
    ] {
        let refused = store.change_password(change).await.err();
        assert_eq!(refused.map(|it| Rejection::from(it).code), Some(expected));
    }
    let refused = store.delete_account(deletion(&name, "wrong"), NOW).await;
    assert!(
        matches!(refused, Err(StoreError::WrongPassword)),
        "{refused:?}"
    );
    store.login(credentials(&name, "correct horse")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn keeps_the_results_of_a_deleted_account_under_another_name(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (name, rival) = (fresh_player()?, fresh_player()?);
    for player in [&name, &rival] {
        store
            .signup(credentials(player, "correct horse"), NOW)
            .await?;
    }
    let race = recent_race(NOW)?;
    let standings = json!([standing(1, &name, 900), standing(2, &rival, 800)]);
    write(
        &store,
        &[result(race, 1, 600, &standings)?, seen(race, &name)?],
    )
    .await?;
    let deleted = store
        .delete_account(deletion(&name, "correct horse"), NOW)
        .await?
        .anonymous;
    assert!(deleted.as_str().starts_with("deleted-"), "{deleted}");

    let kept = store.result(race).await?.map(|result| result.standings);
    let players: Vec<_> = kept
        .iter()
        .flatten()
        .map(|standing| (standing.player.clone(), standing.place))
        .collect();
    assert_eq!(players, [(deleted.clone(), 1), (rival, 2)]);
    assert_eq!(store.snapshots(race).await?, []);
    let profile = store.profile(&deleted.id()).await?;
    assert_eq!((profile.races, profile.wins, profile.score), (1, 1, 900));
    let error = store.profile(&name.id()).await.err();
    assert!(
        matches!(error, Some(StoreError::UnknownPlayer(_))),
        "{error:?}"
    );
    // Neither name can be logged in to, whatever the password.
    for name in [&name, &deleted] {
        for password in ["correct horse", ""] {
            let refused = store.login(credentials(name, password)).await;
            assert!(matches!(refused, Err(StoreError::WrongCredentials)));
        }
    }
    let again = store
        .delete_account(deletion(&name, "correct horse"), NOW)
        .await;
    assert!(matches!(again, Err(StoreError::WrongPassword)), "{again:?}");
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn gives_late_results_of_a_deleted_account_its_other_name(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    let race = recent_race(NOW)?;
    let of = |epoch, score| result(race, epoch, 600, &json!([standing(1, &name, score)]));
    write(&store, &[of(1, 100)?]).await?;
    let deleted = store
        .delete_account(deletion(&name, "correct horse"), NOW)
        .await?
        .anonymous;
    // The race went on, and its result is delivered again.
    for message in [of(2, 200)?, of(1, 100)?] {
        write(&store, &[message, seen(race, &name)?]).await?;
    }
    let kept = store.result(race).await?.map(|result| result.standings);
    let kept: Vec<_> = kept
        .iter()
        .flatten()
        .map(|standing| (standing.player.clone(), standing.score))
        .collect();
    assert_eq!(kept, [(deleted, 200)]);
    assert_eq!(store.snapshots(race).await?, []);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn keeps_the_name_of_a_deleted_account_for_a_month(url: &str) -> Result<()> {
    let store = open(url).await?;
    let number = fresh_number() & 0xff_ffff_ffff;
    let name = PlayerName::parse(&format!("So-{number:x}"))?;
    let alike = PlayerName::parse(&format!("5O-{number:x}"))?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    store
        .delete_account(deletion(&name, "correct horse"), NOW)
        .await?;
    store.writer().sweep(NOW + RESERVATION_MS).await?;
    for taken in [&name, &alike] {
        let error = store
            .signup(credentials(taken, "correct horse"), NOW)
            .await
            .err();
        assert!(
            matches!(error, Some(StoreError::NameDeleted(_))),
            "{error:?}"
        );
    }
    store.writer().sweep(NOW + RESERVATION_MS + 1).await?;
    let account = store
        .signup(credentials(&alike, "battery staple"), NOW)
        .await?;
    assert_eq!(account.name, alike);
    let profile = store.profile(&alike.id()).await?;
    assert_eq!(profile.races, 0);
    Ok(())
}

/// Where a player was seen last.
fn seen(race: RaceId, player: &PlayerName) -> Result<PersistMessage> {
    message(json!({"kind": "players", "players": [{
        "race": race, "room": "Friday-Night", "player": player, "seat": 0, "x_m": 1.0,
        "y_m": 2.0, "heading_rad": 0.0, "lap": 1, "score": 90, "connected": true, "epoch": 1,
        "revision": 1,
    }]}))
}
