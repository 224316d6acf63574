//! Accounts, profiles and the leaderboard.

use anyhow::Result;
use protocol::{Rejection, RejectionCode};
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::error::StoreError;

/// # Errors
/// When the database fails.
pub async fn keeps_capitals_and_logs_in_without_regard_to_case(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    let account = store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    assert_eq!(account.name, name);
    let lower = PlayerName::parse(name.id().as_str())?;
    assert_ne!(lower, name);
    let account = store.login(credentials(&lower, "correct horse")).await?;
    assert_eq!(account.name, name);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_a_taken_name_in_any_case(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    let lower = PlayerName::parse(name.id().as_str())?;
    let error = store
        .signup(credentials(&lower, "another"), NOW)
        .await
        .err();
    let rejection = error.map(Rejection::from);
    assert_eq!(
        rejection.as_ref().map(|it| it.code),
        Some(RejectionCode::NameTaken)
    );
    let sentence = rejection.map(|it| it.message).unwrap_or_default();
    assert!(sentence.contains(lower.as_str()), "{sentence}");
    // The account is unchanged.
    store.login(credentials(&name, "correct horse")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn lets_only_one_of_many_take_a_name(url: &str) -> Result<()> {
    let name = fresh_player()?;
    let mut callers = JoinSet::new();
    for caller in 0..6 {
        let store = open(url).await?;
        let mine = credentials(&name, &format!("password {caller}"));
        callers.spawn(async move { (mine.clone(), store.signup(mine, NOW).await) });
    }
    let mut winners = Vec::new();
    for (mine, outcome) in callers.join_all().await {
        match outcome {
            Ok(_account) => winners.push(mine),
            Err(error) => assert!(matches!(error, StoreError::NameTaken(_)), "{error:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    let store = open(url).await?;
    for winner in winners {
        store.login(winner).await?;
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_a_wrong_password_like_an_unknown_player(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    let wrong = store.login(credentials(&name, "battery staple")).await;
    let unknown = store
        .login(credentials(&fresh_player()?, "correct horse"))
        .await;
    let wrong = wrong.err().map(Rejection::from);
    assert_eq!(
        wrong.as_ref().map(|it| it.code),
        Some(RejectionCode::WrongCredentials)
    );
    assert_eq!(wrong, unknown.err().map(Rejection::from));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_a_short_password(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    let outcome = store.signup(credentials(&name, "short"), NOW).await;
    let code = outcome.err().map(|error| Rejection::from(error).code);
    assert_eq!(code, Some(RejectionCode::BadPassword));
    // The name is still free.
    store.signup(credentials(&name, "longer"), NOW).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_the_name_of_an_ai_driver(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = PlayerName::parse("ai-Grace")?;
    let outcome = store.signup(credentials(&name, "secret1"), NOW).await;
    let refused = outcome.err().map(Rejection::from);
    assert_eq!(
        refused.as_ref().map(|refused| refused.code),
        Some(RejectionCode::BadName)
    );
    assert!(refused.is_some_and(|refused| refused.message.contains("belong to the AI drivers")));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn adds_up_profiles(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    let profile = store.profile(&name.id()).await?;
    assert_eq!((profile.races, profile.wins, profile.score), (0, 0, 0));
    for (place, score) in [(1, 3_000), (2, -4_500), (1, 2_000)] {
        let standings = json!([standing(place, &name, score)]);
        write(&store, &[result(fresh_race()?, 1, 600, &standings)?]).await?;
    }
    let profile = store.profile(&name.id()).await?;
    assert_eq!(profile.name, name);
    assert_eq!((profile.races, profile.wins, profile.score), (3, 2, 500));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_the_profile_of_an_unknown_player(url: &str) -> Result<()> {
    let unknown = fresh_player()?.id();
    let error = open(url).await?.profile(&unknown).await.err();
    assert!(
        matches!(&error, Some(StoreError::UnknownPlayer(id)) if *id == unknown),
        "{error:?}"
    );
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn orders_the_leaderboard_by_wins_then_score(url: &str) -> Result<()> {
    let store = open(url).await?;
    let names = [fresh_player()?, fresh_player()?, fresh_player()?];
    // The first has fewer wins than the others, but more of everything else. Earlier
    // runs have left players with as many wins: this run's have more metres and stay
    // ahead of them.
    let metres = i64::try_from(fresh_number() >> 16)?;
    for (name, wins, score) in [
        (&names[0], 9, 3 * metres),
        (&names[1], 10, 1),
        (&names[2], 10, metres),
    ] {
        store
            .signup(credentials(name, "correct horse"), NOW)
            .await?;
        for _win in 0..wins {
            let standings = json!([standing(1, name, score)]);
            write(&store, &[result(fresh_race()?, 1, 600, &standings)?]).await?;
        }
    }
    let board = store
        .leaderboard(LeaderboardRequest::default())
        .await?
        .players;
    assert!(board.len() <= 20);
    let keys: Vec<_> = board
        .iter()
        .map(|player| (player.wins, player.score))
        .collect();
    assert!(keys.is_sorted_by(|a, b| a >= b), "{keys:?}");
    assert!(board.iter().all(|player| player.races > 0));
    let best = board.first().map(|player| player.name.clone());
    assert_eq!(best.as_ref(), Some(&names[2]));
    Ok(())
}
