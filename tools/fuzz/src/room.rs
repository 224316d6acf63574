//! A room of a race worker: any requests, inputs, times and owners.

pub mod state;

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{CarClass, SEATS_MAX, Skill};
use protocol::input::InputBatch;
use protocol::lobby::Phase;
use protocol::room::CtlRequest;
use protocol::snapshot::SnapshotHeader;
use protocol::{Epoch, GatewayId, PlayerId, SessionNonce};
use room::{Identity, Output, Ownership, Room};

use crate::sample::{self, GATEWAY, WORKER};
use crate::source::{Clock, Source};
use crate::tracks;

/// Most ticks of one input: more would only be slow.
const TICKS_MAX: u32 = 600;

/// What happens next. The numbers are those of the corpus: new ones go last.
#[derive(Clone, Copy)]
enum Event {
    Join,
    Ask,
    AnyRequest,
    Inputs,
    AnyInputs,
    Tick,
    Wait,
    Restore,
    Presence,
    ReplaySafe,
}

const EVENTS: [Event; 10] = [
    Event::Join,
    Event::Ask,
    Event::AnyRequest,
    Event::Inputs,
    Event::AnyInputs,
    Event::Tick,
    Event::Wait,
    Event::Restore,
    Event::Presence,
    Event::ReplaySafe,
];

/// A room with any players.
pub fn room(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let (Some(seats), Some(is_highway)) = (source.number::<u8>(), source.number()) else {
        return;
    };
    let mut model = Model::new(1 + seats % SEATS_MAX as u8, is_highway);
    while let Some(event) = source.event(&EVENTS)
        && model.take(event, &mut source).is_some()
    {
        model.check();
    }
}

struct Model {
    room: Room,
    clock: Clock,
    epoch: Epoch,
    seats: usize,
    ticks: u32,
    phase: Phase,
    /// Tick and index of the events of this owner.
    events: BTreeSet<(u32, u32)>,
}

impl Model {
    fn new(seats: u8, is_highway: bool) -> Self {
        let settings = if is_highway {
            sample::highway()
        } else {
            sample::settings()
        };
        let track = tracks::by_name(&settings.track).expect("it is shipped");
        let identity = Identity {
            race: sample::race(1),
            name: sample::room_name(),
            settings: protocol::lobby::RoomSettings { seats, ..settings },
            creator: Some(sample::player(0)),
            request: None,
        };
        let clock = Clock::default();
        let epoch = Epoch::FIRST;
        let owner = WORKER;
        Self {
            room: Room::new(identity, Ownership { owner, epoch }, track, clock.now()),
            clock,
            epoch,
            seats: seats.into(),
            ticks: 0,
            phase: Phase::Waiting,
            events: BTreeSet::new(),
        }
    }

    fn take(&mut self, event: Event, source: &mut Source<'_>) -> Option<()> {
        match event {
            Event::Join => {
                let (player, gateway, session): (u8, u8, u8) =
                    (source.number()?, source.number()?, source.number()?);
                self.ctl(CtlRequest::Join {
                    player: sample::player(player),
                    gateway: gateway_of(gateway),
                    session: SessionNonce::new(session.into()),
                    class: class(player),
                });
            }
            Event::Ask => self.ask(source)?,
            Event::AnyRequest => {
                if let Ok(request) = serde_json::from_slice(source.run()?) {
                    self.ctl(request);
                }
            }
            Event::Inputs => {
                let (seat, ahead): (u8, u8) = (source.number()?, source.number()?);
                let frame = sample::input_frame(self.room.tick_number() + u32::from(ahead));
                self.inputs(seat, &frame);
            }
            Event::AnyInputs => {
                let seat = source.number()?;
                self.inputs(seat, source.run()?);
            }
            Event::Tick => {
                let ticks = source.number::<u8>()?.into();
                self.tick(ticks);
            }
            Event::Wait => {
                self.clock
                    .advance(Duration::from_millis(source.number::<u16>()?.into()));
                self.room.poll(self.clock.now());
            }
            Event::Restore => self.restore(),
            Event::Presence => {
                let present = SessionNonce::new(source.number::<u8>()?.into());
                for expected in self.room.expected_presence() {
                    self.room.correct(&expected, &[present], self.clock.now());
                }
            }
            Event::ReplaySafe => self.room.replay_is_safe(self.room.tick_number()),
        }
        Some(())
    }

    fn ask(&mut self, source: &mut Source<'_>) -> Option<()> {
        let (kind, number, session): (u8, u8, u8) =
            (source.number()?, source.number()?, source.number()?);
        let player = sample::player(number);
        let session = SessionNonce::new(session.into());
        let class = class(number);
        let skill = Skill::Club;
        self.ctl(match kind % 7 {
            0 => CtlRequest::ChooseClass {
                player,
                session,
                class,
            },
            1 => CtlRequest::FillSeats {
                player,
                session,
                skill,
            },
            2 => CtlRequest::Leave { player, session },
            3 => CtlRequest::Lost { player, session },
            4 => CtlRequest::Moved { player, session },
            5 => CtlRequest::Stay { player, session },
            _ => CtlRequest::Spectate,
        });
        Some(())
    }

    fn ctl(&mut self, request: CtlRequest) {
        if let Ok(reply) = self.room.ctl(request, self.clock.now()) {
            assert!(reply.seat.is_none_or(|seat| usize::from(seat) < self.seats));
            assert_eq!(reply.epoch, self.epoch);
            assert_eq!(reply.room, self.room.view());
        }
    }

    fn inputs(&mut self, seat: u8, frame: &[u8]) {
        let batch = InputBatch {
            race: sample::race(1),
            gateway: GATEWAY,
            frames: vec![(seat, frame)],
        };
        let received = self.room.inputs(&batch.encode());
        assert_eq!(received.frames + received.unreadable, 1);
        let is_its_seat = self.room.seats().is_driven_from(seat, GATEWAY);
        assert!(
            is_its_seat || received.frames == 0,
            "an input for another's seat"
        );
    }

    fn tick(&mut self, ticks: u32) {
        for _ in 0..ticks.min(TICKS_MAX - self.ticks) {
            self.ticks += 1;
            self.clock.advance(protocol::limits::TICK_INTERVAL);
            self.room.tick(self.clock.now(), 1_700_000_000_000);
        }
    }

    /// Another worker takes the room over.
    fn restore(&mut self) {
        let checkpoint = self.room.checkpoint();
        let before = self.room.view();
        self.epoch = self.epoch.next().expect("far from the largest");
        let (owner, epoch) = (WORKER, self.epoch);
        let now = self.clock.now();
        let ownership = Ownership { owner, epoch };
        let restored = Room::restore(&checkpoint, ownership, tracks::by_name, now);
        self.room = restored.expect("a room wrote it");
        assert_eq!(self.room.view(), before);
        self.events.clear();
    }

    fn check(&mut self) {
        let view = self.room.view();
        assert!(view.seats.len() <= self.seats, "more players than seats");
        let players: BTreeSet<PlayerId> = view.seats.iter().map(|it| it.player.id()).collect();
        assert_eq!(players.len(), view.seats.len(), "a player with two seats");
        let seats: BTreeSet<u8> = view.seats.iter().map(|it| it.seat).collect();
        assert_eq!(seats.len(), view.seats.len());
        assert!(
            seats
                .last()
                .is_none_or(|seat| usize::from(*seat) < self.seats)
        );
        assert!(
            self.phase as u8 <= view.phase as u8,
            "a room does not go back"
        );
        self.phase = view.phase;
        let has_ended = matches!(view.phase, Phase::Finished | Phase::Closed);
        assert_eq!(has_ended, self.room.ending().is_some());
        assert!(self.room.standings().len() <= self.seats);
        for output in self.room.take_outputs() {
            self.check_output(&output);
        }
    }

    fn check_output(&mut self, output: &Output) {
        match output {
            Output::Event(event) => {
                assert_eq!((event.race, event.epoch), (sample::race(1), self.epoch));
                let is_new = self.events.insert((event.tick, event.index));
                assert!(is_new, "two events with one identity: {event:?}");
            }
            Output::Snapshot(bytes) => {
                let (header, _) = SnapshotHeader::split(bytes).expect("a room wrote it");
                assert_eq!((header.epoch, header.acks.len()), (self.epoch, self.seats));
            }
            Output::Persist(message) => crate::names::check_subject(&message.subject()),
            Output::Players(players) => assert!(players.len() <= self.seats),
            Output::Lobby | Output::Checkpoint => {}
        }
    }
}

fn gateway_of(number: u8) -> GatewayId {
    match number % 2 {
        0 => GATEWAY,
        _ => GatewayId::new(number.into()),
    }
}

fn class(number: u8) -> CarClass {
    CarClass::ALL[usize::from(number) % CarClass::ALL.len()]
}

/// A race of two with a takeover, and one with AI drivers on the highway.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let two = [
        &[
            1, 0, 0, 0, 0, 1, 0, 1, 0, 2, 1, 0, 1, 2, 5, 250, 3, 0, 2, 3, 1, 4, 5, 20,
        ][..],
        &[
            7, 5, 10, 1, 3, 0, 1, 8, 1, 0, 0, 0, 3, 1, 2, 1, 2, 9, 6, 0, 250, 5, 60,
        ],
    ];
    let highway = [&[
        3, 1, 0, 0, 0, 1, 1, 1, 0, 1, 5, 255, 3, 0, 1, 5, 60, 7, 5, 9,
    ][..]];
    let request = br#"{"ctl":"spectate"}"#;
    let any = [
        &[0, 0, 2, request.len() as u8, 0][..],
        request,
        &[4, 0, 2, 0, 1, 2],
    ];
    vec![two.concat(), highway.concat(), any.concat()]
}
