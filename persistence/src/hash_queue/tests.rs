//! The queue by itself, and floods in simulated time.

use std::collections::BTreeSet;

use super::*;

/// What a hash takes in simulations, and how many are computed at once.
const HASH: Duration = Duration::from_millis(30);
const SLOTS: u32 = 2;
/// How long gateways wait.
const PATIENCE: Duration = Duration::from_secs(5);

fn name(text: &str) -> PlayerId {
    PlayerId::parse(text).unwrap()
}

fn starts(queue: &mut HashQueue, now: Instant) -> Vec<Turn> {
    std::iter::from_fn(|| queue.next_turn(now)).collect()
}

/// A queue whose hashes take [`HASH`].
fn measured(slots: u32) -> HashQueue {
    let mut queue = HashQueue::new(slots);
    (0..100).for_each(|_| queue.finished(Some(HASH)));
    queue
}

#[test]
fn lanes_take_turns() {
    let now = Instant::now();
    let mut queue = measured(1);
    let mut enter = |lane, text: &str| queue.enter(lane, &name(text), now + PATIENCE, now).unwrap();
    let signs_up = [1, 2, 3].map(|i| enter(Lane::SignUp, &format!("new{i}")));
    let logs_in = [1, 2].map(|i| enter(Lane::LogIn, &format!("old{i}")));
    let changes = enter(Lane::Change, "ada");
    let order: Vec<_> = (0..6)
        .map(|_| {
            let turns = starts(&mut queue, now);
            queue.finished(Some(HASH));
            turns[0]
        })
        .collect();
    let expected = [
        logs_in[0],
        signs_up[0],
        changes,
        logs_in[1],
        signs_up[1],
        signs_up[2],
    ];
    assert_eq!(order, expected.map(Turn::Start));
}

#[test]
fn a_lane_takes_what_can_be_done_in_time_and_says_when_there_is_room() {
    let now = Instant::now();
    let mut queue = measured(SLOTS);
    let busy = (0..10_000)
        .find_map(|i| {
            let entered = queue.enter(Lane::LogIn, &name(&format!("p{i}")), now + PATIENCE, now);
            starts(&mut queue, now);
            entered.err()
        })
        .unwrap();
    let waiting = queue.waiting(Lane::LogIn);
    let done_in = HASH * waiting as u32 / SLOTS;
    let longest = Lane::LogIn.answer_max();
    assert!(
        done_in <= longest && done_in > longest - 2 * HASH,
        "{done_in:?}"
    );
    assert!(busy.retry_after >= done_in, "{busy:?}");
    // Another lane is empty.
    queue
        .enter(Lane::SignUp, &name("new"), now + PATIENCE, now)
        .unwrap();
}

#[test]
fn a_slow_machine_still_takes_a_few() {
    let now = Instant::now();
    let mut queue = HashQueue::new(1);
    (0..100).for_each(|_| queue.finished(Some(Duration::from_secs(1))));
    let taken = (0..10)
        .map_while(|i| {
            queue
                .enter(Lane::LogIn, &name(&format!("p{i}")), now + PATIENCE, now)
                .ok()
        })
        .count();
    assert_eq!(taken, LANE_WAITING_MIN);
}

#[test]
fn a_process_that_stood_still_takes_requests_again() {
    let now = Instant::now();
    let mut queue = HashQueue::new(1);
    (0..100).for_each(|_| queue.finished(Some(Duration::from_secs(60))));
    let taken = queue.enter(Lane::LogIn, &name("ada"), now + PATIENCE, now);
    assert!(taken.is_ok());
}

#[test]
fn a_request_that_would_wait_past_its_deadline_is_refused_at_once() {
    let now = Instant::now();
    let mut queue = measured(1);
    queue
        .enter(Lane::SignUp, &name("a"), now + PATIENCE, now)
        .unwrap();
    let soon = now + HASH / 2;
    assert!(queue.enter(Lane::SignUp, &name("b"), soon, now).is_err());
}

#[test]
fn one_name_has_a_few_places() {
    let now = Instant::now();
    let mut queue = measured(1);
    let mut enter = |text: &str| queue.enter(Lane::SignUp, &name(text), now + PATIENCE, now);
    for _ in 0..NAME_WAITING_MAX {
        enter("Ada").unwrap();
    }
    assert!(enter("ada").is_err());
    enter("bob").unwrap();
}

#[test]
fn what_is_stale_at_the_head_is_not_started_and_costs_no_slot() {
    let now = Instant::now();
    let mut queue = measured(1);
    let mut enter = |text: &str, patience| {
        let deadline = now + patience;
        queue
            .enter(Lane::LogIn, &name(text), deadline, now)
            .unwrap()
    };
    let first = enter("a", PATIENCE);
    let stale = enter("b", 5 * HASH);
    let last = enter("c", PATIENCE);
    assert_eq!(starts(&mut queue, now), [Turn::Start(first)]);
    queue.finished(Some(HASH));
    let late = now + Duration::from_secs(1);
    assert_eq!(
        starts(&mut queue, late),
        [Turn::Stale(stale), Turn::Start(last)]
    );
}

#[test]
fn a_place_that_was_given_up_is_not_started() {
    let now = Instant::now();
    let mut queue = measured(1);
    let first = queue
        .enter(Lane::LogIn, &name("a"), now + PATIENCE, now)
        .unwrap();
    let second = queue
        .enter(Lane::LogIn, &name("b"), now + PATIENCE, now)
        .unwrap();
    queue.leave(first);
    assert_eq!(starts(&mut queue, now), [Turn::Start(second)]);
}

#[test]
fn a_name_is_in_the_other_lane_for_a_minute_after_a_failure() {
    let now = Instant::now();
    let mut queue = measured(1);
    let ada = name("Ada");
    queue.failed(&ada, now);
    assert_eq!(queue.log_in_lane(&ada, false, now), Lane::LogInAfterFailure);
    assert_eq!(
        queue.log_in_lane(&ada, true, now),
        Lane::LogInAtKnownAddress
    );
    assert_eq!(queue.log_in_lane(&name("bob"), false, now), Lane::LogIn);
    assert_eq!(
        queue.log_in_lane(&ada, false, now + FAILURE_AGE_MAX),
        Lane::LogIn
    );
    for i in 0..2 * FAILURES_MAX {
        queue.failed(&name(&format!("p{i}")), now);
    }
    assert_eq!(queue.failures.len(), FAILURES_MAX);
}

/// Who asks in a simulation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// Guesses the password of its name, again as soon as it has an answer.
    Guesser(u32),
    /// Guesses the password of another name each time.
    Sprayer(u32),
    /// Signs up under another name each time.
    SignsUp(u32),
    /// Logs in with the right password, ten times a second altogether.
    Player(u32),
}

struct Answer {
    caller: Caller,
    took: Duration,
    is_served: bool,
}

/// Lets callers ask for so long, then only players for `after`. Callers other than
/// players ask again 10 ms after each answer.
fn simulate(callers: &[Caller], flood: Duration, after: Duration) -> Vec<(Duration, Answer)> {
    let pause = Duration::from_millis(10);
    let begin = Instant::now();
    let mut queue = measured(SLOTS);
    let mut asks: BTreeMap<(Duration, u32), Caller> = BTreeMap::new();
    let mut number = 0;
    let mut next_number = || {
        number += 1;
        number
    };
    for caller in callers {
        asks.insert((Duration::ZERO, next_number()), *caller);
    }
    for player in 0..u32::try_from((flood + after).as_millis() / 100).unwrap() {
        let at = Duration::from_millis(37) + Duration::from_millis(100) * player;
        asks.insert((at, next_number()), Caller::Player(player));
    }
    let mut places: BTreeMap<Ticket, (Caller, Duration, PlayerId)> = BTreeMap::new();
    let mut running: BTreeSet<(Duration, Ticket)> = BTreeSet::new();
    let mut answers = Vec::new();
    let mut fresh = 0;
    loop {
        let next_ask = asks.first_key_value().map(|((at, _), _)| *at);
        let next_end = running.first().map(|(at, _)| *at);
        let Some(at) = next_ask.into_iter().chain(next_end).min() else {
            return answers;
        };
        let now = begin + at;
        let mut answered = Vec::new();
        if next_end == Some(at) {
            let (_, ticket) = running.pop_first().unwrap();
            let (caller, asked, name) = places.remove(&ticket).unwrap();
            queue.finished(Some(HASH));
            match caller {
                Caller::Guesser(_) | Caller::Sprayer(_) => queue.failed(&name, now),
                Caller::Player(_) | Caller::SignsUp(_) => {}
            }
            answered.push((caller, asked, true));
        } else if let Some((_, caller)) = asks.pop_first() {
            fresh += 1;
            let text = match caller {
                Caller::Guesser(number) => format!("victim{number}"),
                Caller::Sprayer(_) | Caller::SignsUp(_) => format!("fresh{fresh}"),
                Caller::Player(number) => format!("player{number}"),
            };
            let name = name(&text);
            let lane = match caller {
                Caller::SignsUp(_) => Lane::SignUp,
                Caller::Guesser(_) | Caller::Sprayer(_) | Caller::Player(_) => {
                    queue.log_in_lane(&name, false, now)
                }
            };
            match queue.enter(lane, &name, now + PATIENCE, now) {
                Ok(ticket) => drop(places.insert(ticket, (caller, at, name))),
                Err(_busy) => answered.push((caller, at, false)),
            }
        }
        for turn in starts(&mut queue, now) {
            match turn {
                Turn::Start(ticket) => drop(running.insert((at + HASH, ticket))),
                Turn::Stale(ticket) => {
                    let (caller, asked, _) = places.remove(&ticket).unwrap();
                    answered.push((caller, asked, false));
                }
            }
        }
        for (caller, asked, is_served) in answered {
            let took = at - asked;
            answers.push((
                asked,
                Answer {
                    caller,
                    took,
                    is_served,
                },
            ));
            if !matches!(caller, Caller::Player(_)) && at + pause < flood {
                asks.insert((at + pause, next_number()), caller);
            }
        }
    }
}

struct Players {
    served: usize,
    refused: usize,
    longest: Duration,
}

fn players(answers: &[(Duration, Answer)], from: Duration, to: Duration) -> Players {
    let of: Vec<_> = answers
        .iter()
        .filter(|(asked, it)| matches!(it.caller, Caller::Player(_)) && (from..to).contains(asked))
        .map(|(_, answer)| answer)
        .collect();
    let served = of.iter().filter(|it| it.is_served).count();
    Players {
        served,
        refused: of.len() - served,
        longest: of.iter().map(|it| it.took).max().unwrap_or_default(),
    }
}

const FLOOD: Duration = Duration::from_secs(12);
const AFTER: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_millis(500);

#[test]
fn two_hundred_guessers_cost_others_at_most_some_hashes() {
    let callers: Vec<_> = (0..200).map(Caller::Guesser).collect();
    let answers = simulate(&callers, FLOOD, AFTER);
    // The first guess of each is one of a name without a failure: the lanes part after it.
    let parted = Duration::from_secs(7);
    let during = players(&answers, parted, FLOOD);
    assert_eq!(during.refused, 0);
    assert!(during.longest <= 5 * HASH, "{:?}", during.longest);
    let at_first = players(&answers, Duration::ZERO, parted);
    assert!(at_first.longest <= LONGEST, "{:?}", at_first.longest);
}

#[test]
fn guesses_of_fresh_names_keep_nobody_waiting_and_leave_no_queue_behind() {
    let callers: Vec<_> = (0..200).map(Caller::Sprayer).collect();
    let answers = simulate(&callers, FLOOD, AFTER);
    let during = players(&answers, Duration::ZERO, FLOOD);
    // Served or told that it is busy: nobody could tell a player from the others.
    assert_eq!(during.served + during.refused, 120);
    assert!(during.longest <= LONGEST, "{:?}", during.longest);
    // One queue after the end all is well.
    let after = players(&answers, FLOOD + LONGEST, FLOOD + AFTER);
    assert_eq!(after.refused, 0);
    assert!(after.longest <= 2 * HASH, "{:?}", after.longest);
}

#[test]
fn a_flood_of_sign_ups_leaves_log_ins_their_slots() {
    let callers: Vec<_> = (0..500).map(Caller::SignsUp).collect();
    let answers = simulate(&callers, FLOOD, AFTER);
    let during = players(&answers, Duration::ZERO, FLOOD);
    assert_eq!(during.refused, 0);
    assert!(during.longest <= 3 * HASH, "{:?}", during.longest);
    let signed_up = answers.iter().filter(|(_, it)| it.is_served).count();
    assert!(signed_up > 600, "sign-ups use what is left: {signed_up}");
}
