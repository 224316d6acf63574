//! The first inputs of each target: what is sent and stored in a race of two players.

use domain::Drive;
use protocol::account::{
    Account, Credentials, LastRaceAnswer, LastRaceRequest, Leaderboard, LeaderboardRequest,
    Password, ProfileRequest,
};
use protocol::catch_up::{CatchUpAnswer, CatchUpRequest, SeenSnapshot};
use protocol::chat::{ChatBody, ChatMessage, ChatSession, Posted, PresenceRequest, SayRequest};
use protocol::checkpoint::{Checkpoint, ClaimCause, ClaimRequest, Claimed};
use protocol::client::Hello;
use protocol::frame;
use protocol::input::InputBatch;
use protocol::lobby::Phase;
use protocol::persist::PersistMessage;
use protocol::quarantine::{Origin, Quarantined};
use protocol::record::{PlayerRecord, ResultRecord, RoomClosed, RoomRecord};
use protocol::replay::{Base64, ReplayChunk, ReplayPage, ReplayRecord, ReplayRequest};
use protocol::room::{
    CreateRequest, Created, CtlReply, CtlRequest, Draining, Heartbeat, Present, PresentRequest,
};
use protocol::seats::{HeldSeat, HeldSeats};
use protocol::{Epoch, Rejection, RejectionCode, Reply, snapshot, version};
use serde::Serialize;
use simulation::replay::{Chunk, Recorder, ReplayHeader};
use simulation::{Events, RaceState, Rules, Track, step};

use crate::sample::{self, GATEWAY, SESSION, WORKER};
use crate::{client, conversation, names, relay, room, tracks};

/// The seeds of a target, by its name.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "catch_up_answer" => catch_up_answers(),
        "catch_up_request" => vec![catch_up_request().encode()],
        "chat_client" => client::chat::seeds(),
        "checkpoint" => vec![checkpoint().encode()],
        "client_message" => sample::client_messages().iter().map(json).collect(),
        "conversation" => conversation::seeds(),
        "frame_stream" => streams(),
        "hello" => vec![hello()],
        "input_batch" => vec![input_batch()],
        "input_frame" => vec![sample::input_frame(1_234), sample::input_frame(0)],
        "names" => names::seeds(),
        "race_client" => client::race::seeds(),
        "relay" => relay::seeds(),
        "relayed_snapshot" => snapshots().iter().map(|bytes| relayed(bytes)).collect(),
        "replay" => vec![replay()],
        "replay_chunk" => vec![recording().1.to_bytes(), recording().1.pack()],
        "replay_header" => vec![recording().0.to_bytes()],
        "room" => room::seeds(),
        "room_state" => room::state::seeds(),
        "server_message" => server_messages(),
        "service_message" => service_messages(),
        "snapshot" => snapshots(),
        "stored_value" => stored_values(),
        other => panic!("target {other} has no seeds"),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("it is a message")
}

fn run(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_le_bytes()[..], bytes].concat()
}

fn hello() -> Vec<u8> {
    let client = "fuzz".to_owned();
    frame::hello(&Hello { client }).to_vec()
}

fn streams() -> Vec<Vec<u8>> {
    let mut stream = vec![3];
    frame::append(&hello(), &mut stream);
    for message in sample::client_messages() {
        frame::append(&frame::from_client(&message), &mut stream);
    }
    vec![stream, vec![1, 0, 0, 0, 1, 2, 0xff, 0xff, 0]]
}

fn snapshots() -> Vec<Vec<u8>> {
    let names = Track::names().iter().chain([&Track::HIGHWAY]);
    names
        .filter_map(|name| tracks::by_name(name))
        .map(|track| sample::snapshot_on(&track, sample::race(0), Epoch::FIRST, 1_234))
        .collect()
}

fn relayed(bytes: &[u8]) -> Vec<u8> {
    snapshot::relay_into(bytes, Vec::new()).expect("it is a snapshot")
}

fn catch_up_request() -> CatchUpRequest {
    let (race, epoch) = (sample::race(0), Epoch(2));
    CatchUpRequest { race, epoch }
}

fn catch_up_answers() -> Vec<Vec<u8>> {
    let input = sample::input_frame(1_235);
    let answer = |snapshot: &Vec<u8>| {
        CatchUpAnswer {
            race: sample::race(0),
            gateway: GATEWAY,
            snapshots: vec![SeenSnapshot {
                age_us: 33_000,
                bytes: snapshot,
            }],
            inputs: vec![(1, &input)],
        }
        .encode()
    };
    snapshots().iter().take(2).map(answer).collect()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        race: sample::race(0),
        owner: WORKER,
        epoch: Epoch(3),
        tick: 1_234,
        gateways: [GATEWAY].into_iter().collect(),
        state: vec![1, 2, 3].into(),
    }
}

fn input_batch() -> Vec<u8> {
    let (one, other) = (sample::input_frame(9), sample::input_frame(10));
    let batch = InputBatch {
        race: sample::race(0),
        gateway: GATEWAY,
        frames: vec![(0, &one), (1, &other)],
    };
    batch.encode()
}

/// A race of half a second, of which one car is driven.
fn recording() -> (ReplayHeader, Chunk) {
    let track = tracks::by_name(Track::names()[0]).expect("it is shipped");
    let rules = Rules::on(&track, 1, 1, 4);
    let mut state = RaceState::new(&track, &rules, &[domain::CarClass::Grip; 2]);
    let (mut recorder, mut events) = (Recorder::new(2), Events::new());
    for tick in 0..30 {
        let controls = domain::Controls {
            steer: tick / 10,
            ..sample::CONTROLS
        };
        let drives = [Drive::Driven(controls), Drive::Absent];
        step(&track, &rules, &mut state, &drives, &mut events);
        recorder.record(&drives);
    }
    let header = ReplayHeader::new(&track, &rules, &state);
    (header, recorder.chunk().clone())
}

fn replay() -> Vec<u8> {
    let (header, chunk) = recording();
    [run(&header.to_bytes()), run(&chunk.to_bytes())].concat()
}

fn chat_messages() -> Vec<ChatMessage> {
    let (from, player) = (sample::player(0), sample::player(1));
    let text = "hello".to_owned().try_into().expect("it is a line");
    let bodies = [
        ChatBody::Said { from, text },
        ChatBody::Joined {
            player: player.clone(),
        },
        ChatBody::Left { player },
    ];
    let at = 1_700_000_000_000;
    bodies.map(|body| ChatMessage { at, body }).to_vec()
}

fn server_messages() -> Vec<Vec<u8>> {
    let of_kind = |kind, json: Vec<u8>| frame::binary(kind, &json).to_vec();
    let messages = sample::server_messages();
    let messages = messages.iter().map(|it| frame::from_server(it).to_vec());
    let events = sample::event_bodies().into_iter().map(|body| {
        let event = sample::event(sample::race(0), Epoch::FIRST, 9, body);
        of_kind(frame::FrameKind::Event, json(&event))
    });
    let chat = chat_messages()
        .into_iter()
        .map(|message| of_kind(frame::FrameKind::Chat, json(&message)));
    messages.chain(events).chain(chat).collect()
}

fn session() -> ChatSession {
    ChatSession {
        player: sample::player(0),
        nonce: SESSION,
        gateway: GATEWAY,
    }
}

/// In the order of [`crate::json::SERVICE_MESSAGES`].
fn service_messages() -> Vec<Vec<u8>> {
    let (race, owner, epoch) = (sample::race(0), WORKER, Epoch::FIRST);
    let room = sample::room_name().id();
    let refused: Reply<()> = Err(Rejection::new(RejectionCode::RoomFull, "it is full"));
    let last_race = Some(sample::last_race());
    let messages = [
        json(&CreateRequest {
            name: sample::room_name(),
            settings: sample::settings(),
            creator: Some(sample::player(0)),
            request: Some(sample::request()),
        }),
        json(&Reply::Ok(Created { race, owner })),
        json(&CtlRequest::Join {
            player: sample::player(0),
            gateway: GATEWAY,
            session: SESSION,
            class: domain::CarClass::Drift,
        }),
        json(&Reply::Ok(CtlReply {
            seat: Some(0),
            room: sample::view(Phase::Racing),
            epoch,
        })),
        json(&PresentRequest { room: room.clone() }),
        json(&Present {
            sessions: vec![SESSION],
        }),
        json(&Draining { rooms: 3 }),
        json(&Heartbeat { race, owner, epoch }),
        json(&sample::event(
            race,
            epoch,
            9,
            sample::event_bodies()[13].clone(),
        )),
        json(&ClaimRequest {
            room,
            seen_epoch: epoch,
            cause: ClaimCause::OwnerGone,
        }),
        json(&Reply::Ok(Claimed { race, owner, epoch })),
        credentials(),
        json(&Reply::Ok(account())),
        json(&LastRaceRequest {
            player: sample::player(0).id(),
        }),
        json(&Reply::Ok(LastRaceAnswer { last_race })),
        json(&ProfileRequest {
            player: sample::player(0).id(),
        }),
        json(&Reply::Ok(sample::profile())),
        json(&LeaderboardRequest::default()),
        json(&Reply::Ok(Leaderboard {
            players: vec![sample::profile()],
            offset: 0,
            total: 1,
        })),
        json(&SayRequest {
            session: session(),
            sequence: 1,
            text: "hello".to_owned(),
        }),
        json(&PresenceRequest { session: session() }),
        json(&Reply::Ok(Posted { sequence: 9 })),
        json(&ReplayRequest { race, from_tick: 0 }),
        json(&Reply::Ok(page())),
        json(&chat_messages()[0]),
        json(&refused),
    ];
    numbered(messages)
}

/// As its JSON is: it gains fields.
fn account() -> Account {
    let json = serde_json::json!({ "name": "Ada", "last_race": sample::last_race() });
    serde_json::from_value(json).expect("it has what it needs")
}

/// The same.
fn credentials() -> Vec<u8> {
    let json = serde_json::json!({ "name": "Ada", "password": Password::new("secret1") });
    let credentials: Credentials = serde_json::from_value(json).expect("it has what it needs");
    self::json(&credentials)
}

fn numbered(messages: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let with_number = |(number, json): (usize, Vec<u8>)| [&[number as u8][..], &json].concat();
    messages.into_iter().enumerate().map(with_number).collect()
}

fn page() -> ReplayPage {
    ReplayPage {
        replay: replay_record(),
        result: Some(result()),
        chunks: vec![replay_chunk()],
        next_tick: Some(300),
    }
}

fn replay_record() -> ReplayRecord {
    ReplayRecord {
        race: sample::race(0),
        ticks: 30,
        epoch: Epoch::FIRST,
        header: Base64(recording().0.to_bytes()),
    }
}

fn replay_chunk() -> ReplayChunk {
    ReplayChunk {
        race: sample::race(0),
        first_tick: 0,
        ticks: 30,
        epoch: Epoch::FIRST,
        bytes: Base64(recording().1.pack()),
    }
}

fn result() -> ResultRecord {
    let settings = sample::settings();
    ResultRecord {
        race: sample::race(0),
        room: sample::room_name(),
        mode: settings.mode,
        track: settings.track,
        laps: settings.laps,
        target_metres: None,
        ended_at: 1_700_000_000_000,
        epoch: Epoch::FIRST,
        tick: 1_234,
        standings: vec![sample::standing()],
    }
}

/// In the order of [`crate::json::STORED_VALUES`], and every record.
fn stored_values() -> Vec<Vec<u8>> {
    let seat = HeldSeat {
        room: sample::room_name().id(),
        session: SESSION,
    };
    let quarantined = Quarantined {
        reason: "a damaged record".to_owned(),
        at: 1_700_000_000_000,
        origin: Origin::Record {
            subject: "record.result.duel".to_owned(),
            message_id: None,
        },
        payload: Base64(vec![0, 1, 0xff]),
    };
    let session = session();
    let mut values = numbered([
        version::to_json(&version::ROOM_ENTRY, &sample::entry()),
        version::to_json(&version::PRESENCE, &protocol::chat::Presence { session }),
        version::to_json(&version::SEATS, &HeldSeats { seats: vec![seat] }),
        version::to_json(&version::QUARANTINE, &quarantined),
    ]);
    let record = values.len() as u8;
    let records = records().into_iter().map(|message| {
        let json = version::to_json(&version::PERSIST, &message);
        [&[record][..], &json].concat()
    });
    values.extend(records);
    values
}

fn records() -> [PersistMessage; 6] {
    let (race, epoch, revision) = (sample::race(0), Epoch::FIRST, 9);
    let room = RoomRecord {
        race,
        name: sample::room_name(),
        settings: sample::settings(),
        phase: Phase::Waiting,
        players: 1,
        owner: WORKER,
        epoch,
        revision,
    };
    let player = PlayerRecord {
        race,
        room: sample::room_name(),
        player: sample::player(0),
        seat: 1,
        x_m: 1.5,
        y_m: -2.25,
        heading_rad: 0.5,
        lap: 2,
        score: -7,
        connected: true,
        epoch,
        revision,
    };
    let players = vec![player];
    [
        PersistMessage::Room(room),
        PersistMessage::RoomClosed(RoomClosed { race }),
        PersistMessage::Players { players },
        PersistMessage::Result(result()),
        PersistMessage::ReplayChunk(replay_chunk()),
        PersistMessage::Replay(replay_record()),
    ]
}
