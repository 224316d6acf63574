//! A gateway's conversation with one client: any frames, outcomes and times.
//!
//! The shell around it is modelled: it asks one question at a time, reports its outcome
//! before the next frame, and reads nothing after a goodbye.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use gateway::conversation::{Ask, Conversation, Membership, Step};
use gateway::limiter::{LimitOptions, Limiter};
use gateway::limits::{CHAT, CONTROL, CONTROL_RATE, INPUT_RATE};
use gateway::token::Port;
use protocol::client::{Hello, ServerMessage};
use protocol::frame::{self, FrameKind};
use protocol::{PlayerName, RejectionCode, Seat};

use crate::names;
use crate::sample;
use crate::source::{Clock, Source};

/// Most bytes of an answer: a sentence, which may quote some of the frame.
const ANSWER_BYTES_MAX: usize = 2 * 1024;

/// The control messages as they are sent.
static MESSAGES: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let messages = sample::client_messages();
    messages.iter().map(frame::from_client).collect()
});

/// What happens next. The numbers are those of the corpus: new ones go last.
#[derive(Clone, Copy)]
enum Event {
    /// A frame of any bytes.
    Frame,
    /// A control message as a client sends it.
    Message,
    /// An input frame.
    Input,
    /// Time passes, in milliseconds.
    Wait,
    /// The room has closed, or has sent the player away.
    Left,
    /// A hello as a client sends it.
    Hello,
}

const EVENTS: [Event; 6] = [
    Event::Frame,
    Event::Message,
    Event::Input,
    Event::Wait,
    Event::Left,
    Event::Hello,
];

/// A conversation with any client.
pub fn conversation(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let Some(port) = source.choose(&[Port::Race, Port::Chat]) else {
        return;
    };
    let mut model = Model::new(port);
    while let Some(event) = source.event(&EVENTS)
        && model.take(event, &mut source).is_some()
    {}
}

/// What the conversation must agree with.
struct Model {
    conversation: Conversation,
    clock: Clock,
    port: Port,
    has_said_hello: bool,
    player: Option<PlayerName>,
    /// `Some(None)`: watching a room.
    seat: Option<Option<Seat>>,
    controls: Count,
    inputs: Count,
    lines: Count,
}

impl Model {
    fn new(port: Port) -> Self {
        let clock = Clock::default();
        Self {
            conversation: Conversation::new(port, clock.now()),
            clock,
            port,
            has_said_hello: false,
            player: None,
            seat: None,
            controls: Count::of(CONTROL_RATE),
            inputs: Count::of(INPUT_RATE),
            lines: Count::of_limit(CHAT),
        }
    }

    /// Takes an event; `None` at the end of the input or of the conversation.
    fn take(&mut self, event: Event, source: &mut Source<'_>) -> Option<()> {
        match event {
            Event::Frame => self.frame(source.run()?, source),
            Event::Message => {
                let number = usize::from(source.number::<u8>()?);
                self.frame(&MESSAGES[number % MESSAGES.len()], source)
            }
            Event::Input => {
                let frame = frame::binary(FrameKind::Input, &sample::input_frame(source.number()?));
                self.frame(&frame, source)
            }
            Event::Wait => {
                self.clock
                    .advance(Duration::from_millis(source.number::<u16>()?.into()));
                Some(())
            }
            Event::Left => {
                self.conversation.left();
                self.seat = None;
                Some(())
            }
            Event::Hello => {
                let client = "fuzz".to_owned();
                self.frame(&frame::hello(&Hello { client }), source)
            }
        }
    }

    fn frame(&mut self, frame: &[u8], source: &mut Source<'_>) -> Option<()> {
        let is_first = !self.has_said_hello;
        let step = self.conversation.frame(frame, self.clock.now());
        let kind = frame.first().copied();
        let is_control = !is_first && kind == Some(FrameKind::Control as u8);
        let is_refused = matches!(step, Step::Nothing | Step::Close(_)) || is_too_fast(&step);
        if is_control && !is_refused {
            self.controls.one_more(self.clock);
        }
        match step {
            Step::Nothing if is_first => self.has_said_hello = true,
            // An input without a seat, or a refusal of many.
            Step::Nothing => {}
            Step::Send(answer) => {
                assert!(!is_first, "something other than a hello was answered");
                check_answer(&answer);
            }
            Step::Input(seat, input) => {
                assert_eq!(self.seat, Some(Some(seat)), "an input without that seat");
                assert_eq!(Some(input), frame.get(1..));
                self.inputs.one_more(self.clock);
            }
            Step::Ask(ask) => {
                self.check_ask(&ask, is_first);
                let succeeds: bool = source.number()?;
                if succeeds {
                    self.succeeded(&ask);
                }
            }
            Step::Close(goodbye) => {
                check_answer(&goodbye);
                assert!(matches!(goodbye, ServerMessage::Goodbye { .. }));
                return None;
            }
        }
        assert_eq!(self.conversation.player(), self.player.as_ref());
        let seat = self
            .conversation
            .membership()
            .map(|membership| membership.seat);
        assert_eq!(seat, self.seat);
        Some(())
    }

    /// What may be asked by whom and where. Sets of questions are named, so that a new
    /// question that none of them has is free to be asked.
    fn check_ask(&mut self, ask: &Ask, is_first: bool) {
        let is_log_in = matches!(ask, Ask::SignUp(_) | Ask::LogIn(_) | Ask::Resume(_));
        let of_race_port = matches!(
            ask,
            Ask::ListRooms(_)
                | Ask::CreateRoom(..)
                | Ask::JoinRoom(..)
                | Ask::ChooseClass(_)
                | Ask::FillSeats(_)
                | Ask::Stay
                | Ask::Spectate(_)
                | Ask::LeaveRoom
                | Ask::Profile(_)
                | Ask::Leaderboard(_)
                | Ask::ChatToken
        );
        let of_chat_port = matches!(ask, Ask::Say { .. } | Ask::ListPresent(_));
        let of_outside = matches!(
            ask,
            Ask::CreateRoom(..) | Ask::JoinRoom(..) | Ask::Spectate(_)
        );
        let of_seat = matches!(ask, Ask::ChooseClass(_) | Ask::FillSeats(_) | Ask::Stay);

        assert!(!is_first, "{ask:?} before hello");
        assert_eq!(
            is_log_in,
            self.player.is_none(),
            "{ask:?} of {:?}",
            self.player
        );
        assert!(
            !(of_race_port && self.port == Port::Chat),
            "{ask:?} on the chat port"
        );
        assert!(
            !(of_chat_port && self.port == Port::Race),
            "{ask:?} on the race port"
        );
        assert!(!(of_outside && self.seat.is_some()), "{ask:?} in a room");
        assert!(
            !(of_seat && self.seat.flatten().is_none()),
            "{ask:?} without a seat"
        );
        assert!(!(*ask == Ask::LeaveRoom && self.seat.is_none()), "outside");
        if let Ask::SignUp(credentials) = ask {
            assert!(credentials.password.check().is_ok());
            assert!(credentials.name.expect_person().is_ok());
        }
        if let Ask::CreateRoom(name, settings, ..) = ask {
            names::check_name(name.as_str());
            assert!(settings.check().is_ok());
        }
        if matches!(ask, Ask::Say { .. }) {
            self.lines.one_more(self.clock);
        }
    }

    /// Reports the outcome of a question as the shell does; others change nothing here.
    fn succeeded(&mut self, ask: &Ask) {
        if let Ask::SignUp(credentials) | Ask::LogIn(credentials) = ask {
            self.log_in(credentials.name.clone());
        } else if matches!(ask, Ask::Resume(_)) {
            self.log_in(sample::player(0));
        } else if matches!(ask, Ask::CreateRoom(..) | Ask::JoinRoom(..)) {
            self.enter(Some(1));
        } else if matches!(ask, Ask::Spectate(_)) {
            self.enter(None);
        } else if matches!(ask, Ask::LeaveRoom) {
            self.conversation.left();
            self.seat = None;
        }
    }

    fn log_in(&mut self, player: PlayerName) {
        let now = self.clock.now();
        let limits = Limiter::new(LimitOptions::default()).player(&player.id(), now);
        self.conversation.logged_in(player.clone(), limits);
        self.player = Some(player);
        self.controls = Count::of_limit(CONTROL).since(self.clock);
        self.lines = Count::of_limit(CHAT).since(self.clock);
    }

    fn enter(&mut self, seat: Option<Seat>) {
        self.conversation.entered(Membership {
            room: sample::room_name().id(),
            race: sample::race(0),
            seat,
        });
        self.seat = Some(seat);
    }
}

fn is_too_fast(step: &Step<'_>) -> bool {
    let Step::Send(ServerMessage::Rejected(rejection)) = step else {
        return false;
    };
    rejection.code == RejectionCode::TooFast
}

/// A client cannot have long answers made of short questions.
fn check_answer(answer: &ServerMessage) {
    let length = frame::from_server(answer).len();
    assert!(length <= ANSWER_BYTES_MAX, "{length} bytes: {answer:?}");
}

/// How often something has passed that has a rate.
struct Count {
    per_second: f64,
    burst: f64,
    passed: f64,
}

impl Count {
    fn of((per_second, burst): (f64, f64)) -> Self {
        Self {
            per_second,
            burst,
            passed: 0.0,
        }
    }

    /// So many at once, which are there again after so many seconds.
    fn of_limit((burst, seconds): (u32, u64)) -> Self {
        let burst = f64::from(burst);
        Self::of((burst / Duration::from_secs(seconds).as_secs_f64(), burst))
    }

    /// Counts from this moment on.
    fn since(mut self, clock: Clock) -> Self {
        self.burst -= self.per_second * clock.elapsed().as_secs_f64();
        self
    }

    fn one_more(&mut self, clock: Clock) {
        // For what is lost in sums of fractions.
        const SLACK: f64 = 1e-6;
        self.passed += 1.0;
        let allowed = self.burst + self.per_second * clock.elapsed().as_secs_f64();
        assert!(
            self.passed <= allowed + SLACK,
            "{} passed of {allowed}",
            self.passed
        );
    }
}

/// A player who races, and one who chats.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    const SUCCEEDS: u8 = 1;
    const FAILS: u8 = 0;
    let numbers = 0..sample::client_messages().len() as u8;
    let all: Vec<u8> = numbers.flat_map(|number| [1, number, FAILS]).collect();
    let race = [
        &[0, 5][..],
        &[1, 0, FAILS, 1, 1, SUCCEEDS],
        &[1, 3, FAILS, 1, 4, SUCCEEDS],
        &[2, 1, 2, 0, 0, 3, 100, 0, 2, 3, 2, 0, 0],
        &[1, 6, FAILS, 1, 7, FAILS, 1, 8, FAILS, 1, 10, SUCCEEDS],
        &[1, 9, SUCCEEDS, 1, 7, 4, 1, 13, FAILS],
        &[0, 3, 0, 1, b'{', b'}'],
        &[0, 2, 0, 4, 0],
    ];
    let chat = [&[1, 5, 1, 2, SUCCEEDS, 1, 14, FAILS, 1, 15, FAILS, 1, 16][..]];
    let every = [&[0, 5, 1, 2, SUCCEEDS][..], &all];
    vec![race.concat(), chat.concat(), every.concat()]
}
