//! A race client at any gateway.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use client_core::{LinkEvent, RaceClient};
use domain::{CarClass, Controls, Skill};
use protocol::frame::{self, FrameKind};
use protocol::limits::TICK_INTERVAL;
use protocol::room::RoomEvent;
use protocol::{Epoch, RaceId};

use super::{check_outgoing, link_event, server_frames};
use crate::sample;
use crate::source::{Clock, Source};

/// What a gateway sends on the race port.
static FRAMES: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let (race, epoch) = (sample::race(0), Epoch::FIRST);
    let events = sample::event_bodies()
        .into_iter()
        .map(|body| event_frame(&sample::event(race, epoch, 9, body)));
    server_frames().into_iter().chain(events).collect()
});

fn event_frame(event: &RoomEvent) -> Bytes {
    let json = serde_json::to_vec(event).expect("it is a message");
    frame::binary(FrameKind::Event, &json)
}

/// How far the window shows traffic.
const REACH_M: f64 = 500.0;

/// Most ticks of driving of one input: more would only be slow.
const TICKS_MAX: u32 = 300;

/// What happens next. The numbers are those of the corpus: new ones go last.
#[derive(Clone, Copy)]
enum Event {
    Frame,
    Message,
    Snapshot,
    Link,
    LogIn,
    SignUp,
    Resume,
    Ask,
    Drive,
    Wait,
    Look,
}

const EVENTS: [Event; 11] = [
    Event::Frame,
    Event::Message,
    Event::Snapshot,
    Event::Link,
    Event::LogIn,
    Event::SignUp,
    Event::Resume,
    Event::Ask,
    Event::Drive,
    Event::Wait,
    Event::Look,
];

/// A race client with any gateway and player.
pub fn race_client(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut model = Model::default();
    while let Some(event) = source.event(&EVENTS)
        && model.take(event, &mut source).is_some()
    {
        check_outgoing(&model.client.take_outgoing());
    }
}

#[derive(Default)]
struct Model {
    client: RaceClient,
    clock: Clock,
    ticks: u32,
}

impl Model {
    fn take(&mut self, event: Event, source: &mut Source<'_>) -> Option<()> {
        match event {
            Event::Frame => self.frame(&Bytes::copy_from_slice(source.run()?)),
            Event::Message => {
                let frame = &FRAMES[usize::from(source.number::<u8>()?) % FRAMES.len()];
                self.frame(frame);
            }
            Event::Snapshot => {
                let (epoch, tick): (u8, u16) = (source.number()?, source.number()?);
                let (race, epoch) = (self.race(), Epoch(epoch.into()));
                let snapshot = sample::snapshot(race, epoch, tick.into());
                self.frame(&frame::snapshot(&snapshot).expect("it is a snapshot"));
            }
            Event::Link => self.handle(link_event(source.number()?)),
            Event::LogIn => self.client.log_in("Ada", "secret1"),
            Event::SignUp => self.client.sign_up("Ada", "secret1"),
            Event::Resume => self.client.resume("e30.AAAA"),
            Event::Ask => self.ask(source.number()?),
            Event::Drive => {
                let (ticks, steer) = (source.number::<u8>()?, source.number()?);
                self.drive(ticks.into(), steer);
            }
            Event::Wait => self
                .clock
                .advance(Duration::from_millis(source.number::<u16>()?.into())),
            Event::Look => self.look(),
        }
        Some(())
    }

    /// The race of the room that the client is in.
    fn race(&self) -> RaceId {
        let room = self.client.room();
        room.map_or(sample::race(0), |room| room.view().race)
    }

    fn frame(&mut self, frame: &Bytes) {
        if let Some(event) = LinkEvent::read(frame) {
            self.handle(event);
        }
    }

    fn handle(&mut self, event: LinkEvent) {
        self.client.handle(event, self.clock.now());
    }

    fn ask(&mut self, number: u8) {
        let client = &mut self.client;
        match number % 12 {
            0 => client.list_rooms(),
            1 => client.request_profile(Some("Ben")),
            2 => client.request_leaderboard(u64::from(number)),
            3 => client.create_room("Friday", sample::settings(), CarClass::Grip),
            4 => client.join_room("Friday", CarClass::Power),
            5 => client.choose_class(CarClass::Drift),
            6 => client.fill_seats(Skill::Expert),
            7 => client.stay(),
            8 => client.spectate("Friday"),
            9 => client.leave_room(),
            10 => client.dismiss_result(),
            _ => client.request_chat_token(),
        }
    }

    fn drive(&mut self, ticks: u32, steer: i8) {
        let controls = Controls {
            steer,
            ..sample::CONTROLS
        };
        for _ in 0..ticks.min(TICKS_MAX - self.ticks) {
            self.ticks += 1;
            self.clock.advance(TICK_INTERVAL);
            self.client.drive(controls, self.clock.now());
        }
    }

    /// Shows what a window shows.
    fn look(&mut self) {
        let now = self.clock.now();
        if let Some(room) = self.client.room() {
            for car in room.cars(now) {
                assert!(car.position.x.is_finite() && car.position.y.is_finite());
                assert!(car.heading_rad.is_finite() && car.speed_mps.is_finite());
                let _ = room.traffic(car.position.x, REACH_M);
            }
            let _ = room.leaderboard();
            let _ = (room.seconds_to_start(now), room.time_since_snapshot(now));
            let _ = (room.is_host(), room.own_class(), room.winner());
            let _ = room.netcode().counters();
        }
        let client = &mut self.client;
        let _ = (client.state(), client.player(), client.token());
        let _ = (client.is_returning(), client.last_race());
        let _ = (client.take_rejection(), client.take_chat_token());
        client.take_notices();
    }
}

/// A race from the log-in to its end with a lost connection, and a spectator.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let every = (0..FRAMES.len() as u8).flat_map(|number| [1, number]);
    let drive = [2, 1, 0, 0, 8, 6, 10, 2, 1, 4, 0, 8, 4, 246, 2, 1, 10, 0, 10];
    let race = [
        &[4, 3, 0, 1, 0, 7, 3, 1, 2][..],
        &drive,
        &[3, 2, 9, 200, 0, 3, 0, 1, 0, 1, 2],
        &drive,
        &[1, 28, 10, 7, 10],
    ];
    let spectator = [&[6, 3, 0, 1, 0, 1, 3, 1, 22][..], &drive];
    let raw = [&[0, 2, 0, 4, b'{', 10][..], &every.collect::<Vec<u8>>()];
    vec![race.concat(), spectator.concat(), raw.concat()]
}
