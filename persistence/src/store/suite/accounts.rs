//! Accounts, profiles and the leaderboard.

use anyhow::Result;
use protocol::{Rejection, RejectionCode, RequestId};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::task::JoinSet;
use ulid::Ulid;

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
    // ahead of them, since the leaderboard grows.
    let page = store.leaderboard(LeaderboardRequest::default()).await?;
    let metres = 1_000 + i64::try_from(page.total)?;
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

/// # Errors
/// When the database fails.
pub async fn gives_the_leaderboard_page_by_page(url: &str) -> Result<()> {
    let store = open(url).await?;
    let before = store
        .leaderboard(LeaderboardRequest::default())
        .await?
        .total;
    for _player in 0..5 {
        let name = fresh_player()?;
        store
            .signup(credentials(&name, "correct horse"), NOW)
            .await?;
        let standings = json!([standing(1, &name, 1)]);
        write(&store, &[result(fresh_race()?, 1, 600, &standings)?]).await?;
    }
    // Who has not raced is not on it.
    let idle = fresh_player()?;
    store
        .signup(credentials(&idle, "correct horse"), NOW)
        .await?;
    let mut players = Vec::new();
    loop {
        let offset = u64::try_from(players.len())?;
        let page = store
            .leaderboard(LeaderboardRequest { offset, limit: 2 })
            .await?;
        assert_eq!((page.offset, page.total), (offset, before + 5));
        assert!(page.players.len() <= 2);
        if page.players.is_empty() {
            break;
        }
        players.extend(page.players);
    }
    assert_eq!(players.len() as u64, before + 5);
    let keys: Vec<_> = players.iter().map(|it| (it.wins, it.score)).collect();
    assert!(keys.is_sorted_by(|a, b| a >= b), "{keys:?}");
    let mut names: Vec<_> = players.iter().map(|it| it.name.id()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), players.len());
    assert!(!names.contains(&idle.id()));
    let beyond = LeaderboardRequest {
        offset: u64::MAX,
        limit: u64::MAX,
    };
    let beyond = store.leaderboard(beyond).await?;
    assert_eq!((beyond.players.len(), beyond.offset), (0, before + 5));
    Ok(())
}

/// Rows that an earlier release let in.
///
/// # Errors
/// When the database fails.
pub async fn survives_absurd_scores_that_are_there(url: &str) -> Result<()> {
    let store = open(url).await?;
    let name = fresh_player()?;
    store
        .signup(credentials(&name, "correct horse"), NOW)
        .await?;
    let standings = json!([standing(2, &name, 500)]);
    write(&store, &[result(fresh_race()?, 1, 600, &standings)?]).await?;
    for score in [i64::MAX, i64::MAX, i64::MIN] {
        let race = fresh_race()?;
        let insert = format!(
            "INSERT INTO race_result (race, player, room, mode, track, race_laps, ended_at, place, \
             player_name, seat, score, laps, ai, version) VALUES ('{race}', '{}', 'Friday', \
             'circuit', 'oval', 3, {}, 2, '{name}', 0, {score}, 3, 0, 1)",
            name.id(),
            i64::MAX
        );
        store.database().execute_unprepared(&insert).await?;
    }
    let profile = store.profile(&name.id()).await?;
    assert_eq!((profile.races, profile.score), (4, 500));
    store.leaderboard(LeaderboardRequest::default()).await?;
    assert!(store.last_race(&name.id()).await?.is_some());
    store.login(credentials(&name, "correct horse")).await?;
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn answers_the_same_sign_up_again(url: &str) -> Result<()> {
    let (name, request) = (fresh_player()?, RequestId::new(Ulid::generate()));
    let of = |password, request| Credentials {
        request,
        ..credentials(&name, password)
    };
    // The first, and its repeats before it has an answer.
    let mut callers = JoinSet::new();
    for _caller in 0..4 {
        let (store, mine) = (open(url).await?, of("correct horse", Some(request)));
        callers.spawn(async move { store.signup(mine, NOW).await });
    }
    for outcome in callers.join_all().await {
        assert_eq!(outcome?.name, name);
    }
    let store = open(url).await?;
    let again = store
        .signup(of("correct horse", Some(request)), NOW)
        .await?;
    assert_eq!(again.name, name);
    let other = RequestId::new(Ulid::generate());
    for (password, request) in [
        ("battery staple", Some(request)),
        ("correct horse", Some(other)),
        ("correct horse", None),
    ] {
        let error = store.signup(of(password, request), NOW).await.err();
        assert!(matches!(error, Some(StoreError::NameTaken(_))), "{error:?}");
    }
    Ok(())
}
