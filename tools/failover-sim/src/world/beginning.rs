//! What there is at the beginning.

use std::sync::Arc;

use domain::Mode;
use protocol::lobby::RoomSettings;
use protocol::room::CtlRequest;
use protocol::{Epoch, PlayerName, RaceId, RoomName};
use rand::RngExt;
use room::lease::Lease;
use room::ownership::OwnerCore;
use room::{Identity, Ownership, Room};
use simulation::Track;

use super::{RoomInfo, What, World, gateway_id, worker_id};
use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Connection, RoomIndex, Write};
use crate::time::{MILLISECOND, SECOND};
use crate::world::client::Client;
use crate::world::process::Program;
use crate::world::worker::NEVER_EXPIRING;

impl World {
    pub(super) fn populate(&mut self) {
        let workers = self.rng.random_range(2..=4);
        let gateways = self.rng.random_range(1..=3);
        (0..workers).for_each(|_| self.start(true));
        (0..gateways).for_each(|_| self.start(false));
        let rooms = [1, 1, 1, 1, 2, 2, 3][self.rng.random_range(0..7)];
        for room in 0..rooms {
            self.open_room(room, workers, gateways);
        }
        for client in 0..self.clients.len() {
            let at = self.rng.random_range(0..SECOND / 30);
            self.at(at, What::Drive(client));
        }
    }

    /// A room with its owner and its clients: waiting for them, or just before
    /// the start.
    pub(super) fn open_room(&mut self, room: RoomIndex, workers: usize, gateways: usize) {
        let seats = self.rng.random_range(2..=3_usize);
        let name = format!("room{room}");
        let settings = RoomSettings {
            seats: seats as u8,
            mode: Mode::Highway,
            track: Track::HIGHWAY.to_owned(),
            target_metres: self.rng.random_range(25..60),
            ..RoomSettings::default()
        };
        let race = RaceId::new(ulid::Ulid::from_parts(1, self.rng.random()));
        let Ok(name) = RoomName::parse(&name) else {
            return;
        };
        let start_tick = room::limits::COUNTDOWN_SECONDS * domain::TICK_RATE_HZ;
        self.oracle
            .add_room(netcode::rules(&settings, race, &self.track, start_tick));
        self.rooms.push(RoomInfo { id: name.id() });
        let pid = self.rng.random_range(0..workers);
        let now = self.local(pid);
        let owner = worker_id(pid);
        let identity = Identity {
            race,
            name,
            settings,
            creator: None,
            request: None,
        };
        let epoch = Epoch::FIRST;
        let ownership = Ownership { owner, epoch };
        let mut made = Room::new(identity, ownership, Arc::clone(&self.track), now);
        let is_waiting = self.rng.random_range(0..3) == 0;
        for seat in 0..seats {
            let gateway = workers + self.rng.random_range(0..gateways);
            self.add_client(room, seat, (!is_waiting).then_some((&mut made, gateway)));
        }
        if !is_waiting {
            for _ in 0..self.rng.random_range(150..start_tick) {
                made.tick(now, 0);
                made.take_outputs();
            }
        }
        let revision = self.nats.create(
            room,
            &Write {
                value: made.checkpoint().encode().into(),
                revision: None,
                owner,
                epoch,
                result: None,
            },
        );
        let mut lease = Lease::new(race, owner, epoch, revision, now);
        if self.bug == Some(Bug::NoLeaseExpiry) {
            lease = lease.with_terms(NEVER_EXPIRING);
        }
        let core = OwnerCore::new(owner, made, lease, now);
        self.with_program(pid, |world, program| {
            if let Program::Worker(worker) = program {
                world.own(pid, worker, room, core);
            }
        });
    }

    pub(super) fn add_client(
        &mut self,
        room: RoomIndex,
        seat: usize,
        seated: Option<(&mut Room, Pid)>,
    ) {
        let client = self.clients.len();
        let lead = self.rng.random_range(3..12);
        let Ok(name) = PlayerName::parse(&format!("client{client}")) else {
            return;
        };
        self.clients.push(Client::new(name.clone(), room, lead));
        let Some((made, pid)) = seated else {
            let at = self.rng.random_range(0..1_500) * MILLISECOND;
            self.at(at, What::Connect(client));
            return;
        };
        let number = self.next_token();
        let connection = Connection { client, number };
        let now = self.local(pid);
        let join = CtlRequest::Join {
            player: name.clone(),
            gateway: gateway_id(pid),
            session: connection.session(),
            class: Default::default(),
        };
        let joined = made.ctl(join, now);
        let seat = joined.ok().and_then(|it| it.seat).unwrap_or(seat as u8);
        if let Err(why) = self.oracle.seated(room, &name, Some(seat)) {
            self.violate(why);
        }
        self.clients[client].settle_in(pid, number, seat);
        if let Some(Program::Gateway(gateway)) = &mut self.procs[pid].program {
            gateway.settle_in(room, connection, seat, now);
        }
    }
}
