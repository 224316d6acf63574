//! The limiter, on a clock of its own.

use clap::Parser;
use proptest::prelude::*;
use protocol::budgets::PlayerBudgets;

use super::*;
use crate::limits::{
    GUESSES_OF_ADDRESS, GUESSES_OF_NAME, KNOWN_ADDRESS_TIME, WRONG_PASSWORD_DELAY_MAX,
    WRONG_PASSWORDS_FORGOTTEN, WRONG_PASSWORDS_FREE,
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn limit(text: &str) -> Limit {
    text.parse().unwrap()
}

fn name(text: &str) -> PlayerId {
    PlayerId::parse(text).unwrap()
}

fn address(number: u32) -> AddressKey {
    AddressKey::V4(number.to_be_bytes())
}

#[test]
fn a_limit_reads_as_it_is_written_and_in_words() {
    for (text, words) in [
        ("8/4s", "8 in 4 s"),
        ("2/1m", "2 a minute"),
        ("20/10m", "20 in 10 minutes"),
        ("10/1h", "10 an hour"),
        ("5/1s", "5 a second"),
        ("7/90s", "7 in 90 s"),
        ("100/24h", "100 in 24 hours"),
    ] {
        assert_eq!(limit(text).to_string(), text);
        assert_eq!(limit(text).in_words(), words);
    }
    assert_eq!(limit("off"), Limit::OFF);
    assert_eq!(Limit::OFF.to_string(), "off");
    for text in [
        "",
        "8",
        "8/",
        "/4s",
        "8/4",
        "0/4s",
        "8/0s",
        "8/4d",
        "-8/4s",
        "8/ä",
        "1/25h",
        "1000001/1s",
        "8/99999999999999999999s",
    ] {
        let error = text.parse::<Limit>().unwrap_err();
        assert!(error.contains("8/4s, 2/1m or 10/1h"), "{text}: {error}");
    }
}

#[test]
fn the_command_line_has_the_usual_limits() {
    let options = crate::Options::try_parse_from(["gateway"]).unwrap();
    assert_eq!(options.limits, LimitOptions::default());
    let slow = [
        "gateway",
        "--limit-chat",
        "1/10s",
        "--rooms-per-player",
        "5",
    ];
    let options = crate::Options::try_parse_from(slow).unwrap();
    assert_eq!(options.limits.limit_chat, limit("1/10s"));
    assert_eq!(options.limits.rooms_per_player, 5);
    let networks = ["gateway", "--proxy-from", "192.0.2.0/24,2001:db8::/32"];
    let options = crate::Options::try_parse_from(networks).unwrap();
    assert_eq!(options.proxy.proxy_from.len(), 2);
    let bad = ["gateway", "--limit-rooms", "many"];
    let error = crate::Options::try_parse_from(bad).unwrap_err().to_string();
    assert!(
        error.contains("--limit-rooms") && error.contains("8/4s"),
        "{error}"
    );
}

#[test]
fn a_limit_that_is_off_refuses_nothing() {
    let (mut bucket, now) = (Bucket::default(), Instant::now());
    for _ in 0..10_000 {
        assert_eq!(bucket.take(&Limit::OFF, now), Ok(()));
    }
    assert!(bucket.is_full(now));
    assert_eq!(bucket.spent(&Limit::OFF, now), 0);
}

#[test]
fn an_empty_bucket_says_how_long_to_wait() {
    let (limit, begun) = (limit("2/1m"), Instant::now());
    let mut bucket = Bucket::default();
    assert_eq!(bucket.take(&limit, begun), Ok(()));
    assert_eq!(bucket.take(&limit, begun), Ok(()));
    assert_eq!(bucket.take(&limit, begun), Err(s(30)));
    assert_eq!(bucket.take(&limit, begun + s(7)), Err(s(23)));
    assert_eq!(bucket.take(&limit, begun + s(30)), Ok(()));
    assert_eq!(bucket.take(&limit, begun + s(30)), Err(s(30)));
    assert!(bucket.is_full(begun + s(90)));
}

proptest! {
    /// Whatever is asked when: in any window no more than the burst and what came back
    /// meanwhile.
    #[test]
    fn a_bucket_keeps_its_rate(
        burst in 1_u32..20,
        period in 1_u32..100,
        gaps in prop::collection::vec(0_u64..3_000, 1..200),
    ) {
        let limit = limit(&format!("{burst}/{period}s"));
        let (mut bucket, mut now) = (Bucket::default(), Instant::now());
        let mut taken = Vec::new();
        for gap in gaps {
            now += ms(gap);
            let has_one = bucket.check(&limit, now).is_ok();
            prop_assert_eq!(bucket.take(&limit, now).is_ok(), has_one);
            if has_one {
                taken.push(now);
            }
        }
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let came_back = (*to - *from).as_secs_f64() / limit.interval().as_secs_f64();
                let allowed = f64::from(burst) + came_back + 1e-6;
                prop_assert!((last - first + 1) as f64 <= allowed);
            }
        }
    }

    /// What is taken and given back leaves the bucket as it was, and no more than full.
    #[test]
    fn what_is_given_back_was_never_taken(
        takes in 0_usize..10,
        gap in 0_u64..20_000,
        extra in 0_usize..5,
    ) {
        let (limit, begun) = (limit("5/10s"), Instant::now());
        let mut bucket = Bucket::default();
        for _ in 0..takes {
            let _ = bucket.take(&limit, begun);
        }
        let now = begun + ms(gap);
        let before = bucket.spent(&limit, now);
        let mut other = bucket;
        if other.take(&limit, now).is_ok() {
            other.give_back(&limit);
        }
        prop_assert_eq!(other.spent(&limit, now), before);
        for _ in 0..extra {
            other.give_back(&limit);
        }
        let left = (0..100).filter(|_| other.take(&limit, now).is_ok()).count();
        prop_assert!(left <= 5);
    }

    /// What one gateway writes is at least as spent at the next, whatever its limits.
    #[test]
    fn a_session_gives_no_token_back_on_its_way(
        takes in 0_usize..12,
        gap_ms in 0_u64..60_000,
        other_burst in 1_u32..50,
    ) {
        let now = Instant::now();
        let here = Limiter::new(LimitOptions::default()).player(&name("ada"), now);
        let there = Limiter::new(LimitOptions {
            limit_chat: limit(&format!("{other_burst}/4s")),
            ..LimitOptions::default()
        });
        let there = there.player(&name("ada"), now);
        for _ in 0..takes {
            let _ = here.take(PlayerLimit::Chat, now);
        }
        let written = here.export(now, 1_000);
        let json = serde_json::to_string(&written).unwrap();
        let written: PlayerBudgets = serde_json::from_str(&json).unwrap();
        let later = now + ms(gap_ms);
        there.import(&written, later, 1_000 + gap_ms);
        let expected = here.export(later, 0).chat;
        let read = there.export(later, 0).chat;
        prop_assert!((expected..=expected + 1).contains(&read), "{read} of {expected}");
        // Older news take nothing back.
        there.import(&PlayerBudgets::default(), later, 1_000 + gap_ms);
        prop_assert_eq!(there.export(later, 0).chat, read);
    }
}

#[test]
fn a_session_without_budgets_comes_back_and_is_not_rich() {
    let now = Instant::now();
    let limiter = Limiter::new(LimitOptions::default());
    let ada = limiter.player(&name("ada"), now);
    ada.import(&PlayerBudgets::empty(1_000), now, 1_000);
    for limit in [
        PlayerLimit::LogIns,
        PlayerLimit::Control,
        PlayerLimit::Joins,
    ] {
        assert!(ada.take(limit, now).is_ok(), "{limit:?}");
    }
    assert!(ada.take(PlayerLimit::Chat, now).is_err());
    assert!(ada.take(PlayerLimit::Rooms, now).is_ok());
    assert!(ada.take(PlayerLimit::Rooms, now).is_err(), "one of two");
}

#[test]
fn a_clock_that_is_behind_gives_nothing_back() {
    let now = Instant::now();
    let limiter = Limiter::new(LimitOptions::default());
    let ada = limiter.player(&name("ada"), now);
    let spent = PlayerBudgets {
        at: 9_000,
        rooms: 1_000,
        ..PlayerBudgets::default()
    };
    ada.import(&spent, now, 1_000);
    assert!(ada.take(PlayerLimit::Rooms, now).is_err());
}

#[test]
fn a_reconnect_finds_the_limits_of_the_player_as_they_were() {
    let now = Instant::now();
    let limiter = Limiter::new(LimitOptions::default());
    let lines = (0..50)
        .map(|_| limiter.player(&name("ada"), now))
        .map(|connection| (0..50).filter(move |_| connection.take(PlayerLimit::Chat, now).is_ok()))
        .map(Iterator::count);
    assert_eq!(lines.sum::<usize>(), 8);
    let ben = limiter.player(&name("ben"), now);
    assert!(ben.take(PlayerLimit::Chat, now).is_ok());
}

#[test]
fn a_refusal_says_what_is_allowed_and_how_long_to_wait() {
    let now = Instant::now();
    let limiter = Limiter::new(LimitOptions::default());
    let ada = limiter.player(&name("ada"), now);
    let made = (0..2).map(|_| ada.take(PlayerLimit::Rooms, now));
    assert!(made.into_iter().all(|made| made.is_ok()));
    let refused = ada.take(PlayerLimit::Rooms, now + s(7)).unwrap_err();
    assert_eq!(refused.code, RejectionCode::TooFast);
    let expected = "too many rooms: you may create 2 a minute, try again in 23 s";
    assert_eq!(refused.message, expected);
    assert_eq!(refused.retry_after(), Some(s(23)));
}

#[test]
fn a_full_table_forgets_what_is_idle_and_nothing_else() {
    let (limit, now) = (limit("2/10s"), Instant::now());
    let mut table: Keyed<u32, Bucket> = Keyed::new(3, 1);
    for _ in 0..2 {
        table.entry(&0, now).take(&limit, now).unwrap();
    }
    // A flood of other keys fills the table and then shares one bucket.
    let flood = 1..1_000;
    let passed = flood.filter(|key| table.entry(key, now).take(&limit, now).is_ok());
    assert_eq!(passed.count(), 2 + 2);
    assert!(table.entry(&0, now).take(&limit, now).is_err());
    assert!(
        table.entry(&1, now).take(&limit, now).is_ok(),
        "a known key"
    );
    // The others have idled longer than they need to refill, the first key has not.
    let later = now + s(10);
    table
        .entry(&0, later - s(1))
        .take(&limit, later - s(1))
        .unwrap();
    for key in [2_000, 2_001] {
        assert!(table.entry(&key, later).take(&limit, later).is_ok());
    }
    let shared = table.entry(&2_002, later);
    assert!(shared.take(&limit, later).is_ok(), "the shared one");
    assert!(!table.entry(&0, later).is_full(later));
}

#[test]
fn an_ipv6_network_is_one_address_and_a_mapped_ipv4_is_its_ipv4() {
    let key = |text: &str| AddressKey::from(text.parse::<std::net::IpAddr>().unwrap());
    assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
}

/// Log-ins with wrong passwords that are checked, of those that are tried at a time.
fn guesses<'a>(
    log_ins: &mut LogIns,
    tries: impl IntoIterator<Item = (&'a str, u32)>,
    now: Instant,
) -> usize {
    let tries = tries.into_iter();
    let taken: Vec<_> = tries
        .filter_map(|(text, from)| log_ins.take(&name(text), address(from), now).ok())
        .collect();
    for attempt in &taken {
        log_ins.finish(attempt, Verdict::Wrong, now);
    }
    taken.len()
}

fn log_ins() -> LogIns {
    LogIns::new(Limit::of(GUESSES_OF_ADDRESS), Limit::of(GUESSES_OF_NAME))
}

fn logs_in(log_ins: &mut LogIns, text: &str, from: u32, now: Instant) -> bool {
    let taken = log_ins.take(&name(text), address(from), now);
    let attempt = taken.as_ref().ok();
    attempt.inspect(|it| log_ins.finish(it, Verdict::Right, now));
    attempt.is_some()
}

#[test]
fn attempts_in_parallel_are_charged_before_they_are_checked() {
    let (mut log_ins, now) = (log_ins(), Instant::now());
    let taken = (0..40).filter_map(|_| log_ins.take(&name("ada"), address(1), now).ok());
    assert_eq!(taken.count(), WRONG_PASSWORDS_FREE as usize);
}

#[test]
fn refused_attempts_leave_nothing_behind() {
    let (mut log_ins, now) = (log_ins(), Instant::now());
    let names: Vec<String> = (0..5_000).map(|number| format!("n{number}")).collect();
    let tries = names.iter().map(|text| (text.as_str(), 1));
    assert_eq!(guesses(&mut log_ins, tries, now), 20);
    let debug = format!("{log_ins:?}");
    assert!(!debug.contains("n4999"), "a name that was refused is kept");
    assert!(debug.contains("n19"), "a name that was tried is kept");
}

#[test]
fn the_delay_grows_with_each_failure_up_to_a_bound() {
    let (mut log_ins, mut now) = (log_ins(), Instant::now());
    // The bucket of the address would have a say too.
    log_ins.resumed(name("ada"), address(1), now);
    assert_eq!(guesses(&mut log_ins, [("ada", 1); 9], now), 5);
    let mut delays = Vec::new();
    for _ in 0..9 {
        let refusal = log_ins.take(&name("ada"), address(1), now).unwrap_err();
        assert_eq!(refusal.limit, LimitName::Guesses);
        delays.push(refusal.wait.as_secs());
        now += refusal.wait;
        assert_eq!(guesses(&mut log_ins, [("ada", 1)], now), 1);
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(*delays.last().unwrap(), WRONG_PASSWORD_DELAY_MAX.as_secs());
    now += WRONG_PASSWORDS_FORGOTTEN;
    assert_eq!(guesses(&mut log_ins, [("ada", 1); 9], now), 5);
}

#[test]
fn a_right_password_costs_nothing_and_forgets_the_wrong_ones() {
    let (mut log_ins, now) = (log_ins(), Instant::now());
    log_ins.resumed(name("ada"), address(1), now);
    for _ in 0..100 {
        assert_eq!(guesses(&mut log_ins, [("ada", 1)], now), 1);
        assert!(logs_in(&mut log_ins, "ada", 1, now));
        // One that was not checked is no failure.
        let attempt = log_ins.take(&name("ben"), address(1), now).unwrap();
        log_ins.finish(&attempt, Verdict::Unchecked, now);
    }
}

#[test]
fn one_address_guesses_no_faster_with_many_names() {
    let (mut log_ins, begun) = (log_ins(), Instant::now());
    let names: Vec<String> = (0..1_000).map(|number| format!("n{number}")).collect();
    let mut checked = 0;
    for second in 0..30 {
        let tries = names.iter().map(|text| (text.as_str(), 1));
        checked += guesses(&mut log_ins, tries, begun + s(second));
    }
    // 20 at once, and one in five seconds.
    assert_eq!(checked, 20 + 5);
}

#[test]
fn many_addresses_guess_one_name_no_faster_than_its_limit() {
    let (mut log_ins, begun) = (log_ins(), Instant::now());
    let mut checked = 0;
    for second in 0..60 {
        let tries = (0..200).map(|from| ("ada", from));
        checked += guesses(&mut log_ins, tries, begun + s(second));
    }
    // 30 at once, and one in ten seconds.
    assert_eq!(checked, 30 + 5);
}

#[test]
fn strangers_do_not_lock_a_player_out_of_the_usual_address() {
    let (mut log_ins, now) = (log_ins(), Instant::now());
    assert!(logs_in(&mut log_ins, "ada", 1, now));
    // Others guess the name from everywhere, and other names behind the same address.
    guesses(&mut log_ins, (2..500).map(|from| ("ada", from)), now);
    let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
    let tries = names.iter().map(|text| (text.as_str(), 1));
    guesses(&mut log_ins, tries, now);
    assert!(log_ins.take(&name("ben"), address(1), now).is_err());
    assert!(log_ins.take(&name("ada"), address(900), now).is_err());
    assert!(logs_in(&mut log_ins, "ada", 1, now));
    assert!(logs_in(
        &mut log_ins,
        "ada",
        1,
        now + KNOWN_ADDRESS_TIME / 2
    ));
    // An address that was not used for long is a stranger's again.
    let much_later = now + KNOWN_ADDRESS_TIME * 2;
    assert!(!log_ins.is_known(&name("ada"), address(1), much_later));
}

#[test]
fn sign_ups_of_an_address_are_counted_unless_they_were_not_looked_at() {
    let (limiter, now) = (Limiter::new(LimitOptions::default()), Instant::now());
    let busy: Reply<()> = Err(Rejection::new(RejectionCode::Unavailable, "busy"));
    let taken: Reply<()> = Err(Rejection::new(RejectionCode::NameTaken, "taken"));
    for _ in 0..20 {
        limiter.sign_up(address(1), now).unwrap();
        limiter.signed_up(address(1), &busy, now);
        limiter.sign_up(address(1), now).unwrap();
        limiter.signed_up(address(1), &taken, now);
    }
    let refused = limiter.sign_up(address(1), now).unwrap_err();
    let expected =
        "too many sign-ups from your address: it may make 20 in 10 minutes, try again in 30 s";
    assert_eq!(refused.message, expected);
    assert!(limiter.sign_up(address(2), now).is_ok());
}
