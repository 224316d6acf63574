//! What travels between processes and NATS.

use bytes::Bytes;
use domain::Controls;
use protocol::checkpoint::{ClaimRequest, Claimed};
use protocol::record::ResultRecord;
use protocol::room::CtlReply;
use protocol::{Epoch, GatewayId, Reply, Revision, Seat, SessionNonce, Tick, WorkerId};
use room::lease::WriteError;
use room::ownership::Topic;

/// Which process: its index in the list. A process that has died is not used
/// again.
pub(crate) type Pid = usize;
/// Which room: its index in the list.
pub(crate) type RoomIndex = usize;
/// Names a request within the whole simulation.
pub(crate) type Token = u64;
/// Names a subscription of a worker: that of one owner or claim.
pub(crate) type Key = u64;

/// Where an answer is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    pub(crate) pid: Pid,
    pub(crate) token: Token,
}

impl ReplyTo {
    /// As the cores know it.
    pub(crate) fn name(self) -> String {
        format!("{} {}", self.pid, self.token)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (pid, token) = name.split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            token: token.parse().ok()?,
        })
    }
}

/// What a process sends to NATS.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Publish(RoomIndex, Topic, Bytes),
    Inputs(RoomIndex, Bytes),
    Ctl(RoomIndex, Bytes, ReplyTo),
    AskGateways(RoomIndex, Bytes, ReplyTo),
    Claim(RoomIndex, ClaimRequest, ReplyTo),
    Ping(WorkerId, ReplyTo),
    Present(GatewayId, RoomIndex, ReplyTo),
    /// The process subscribes to a room; a worker under that key.
    Subscribe(RoomIndex, Key, ReplyTo),
    Answer(ReplyTo, Body),
    Get(RoomIndex, ReplyTo),
    Update(RoomIndex, Write, ReplyTo),
    DeleteCheckpoint(RoomIndex, Revision, ReplyTo),
    ListCheckpoints(ReplyTo),
    PutEntry(RoomIndex, ReplyTo),
    RemoveEntry(RoomIndex, ReplyTo),
    DeleteEntry(RoomIndex, Revision),
    ListEntries(ReplyTo),
    AppendResult(RoomIndex, String, Box<ResultRecord>, ReplyTo),
    /// Into the bucket `results`.
    KeepResult(RoomIndex, String, Box<ResultRecord>, ReplyTo),
    ListResults(ReplyTo),
    /// Out of the bucket, unless it was written again.
    DeleteResult(String, Revision),
    /// Any other record: nobody here looks at it.
    AppendRecord(ReplyTo),
}

/// A compare-and-set of a checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) value: Bytes,
    /// `None`: whatever the revision is.
    pub(crate) revision: Option<Revision>,
    pub(crate) owner: WorkerId,
    pub(crate) epoch: Epoch,
    /// The result that it says the race has ended with.
    pub(crate) result: Option<Box<ResultRecord>>,
}

/// What arrives at a process.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// To a worker.
    Inputs(Key, Bytes),
    /// Not a message: the owner of that epoch should have the same inputs now.
    InputsDue(RoomIndex, Epoch, Bytes),
    Ctl(Key, Bytes, ReplyTo),
    Claim(RoomIndex, ClaimRequest, ReplyTo),
    Ping(ReplyTo),
    /// To a gateway.
    Published(RoomIndex, Topic, Bytes),
    AskGateways(RoomIndex, Bytes, ReplyTo),
    Present(RoomIndex, ReplyTo),
    Join(Connection),
    Input(u64, Bytes),
    /// To either.
    Answer(Token, Body),
    /// Its own time has come.
    Later(Later),
}

/// What a process has set a timer for.
#[derive(Clone, Debug)]
pub(crate) enum Later {
    /// A gateway asks the owner again.
    Ask(u64),
    /// A worker asks a gateway again who is present.
    CheckPresence(Key, usize),
    /// A gateway raises its floor, later than it should.
    RaiseFloor(RoomIndex, Bytes),
}

/// Who comes to a gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) client: usize,
    pub(crate) number: u64,
}

impl Connection {
    pub(crate) fn session(self) -> SessionNonce {
        SessionNonce::new(self.number as u32)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    NoResponders,
    TimedOut,
    Pong,
    Ctl(Reply<CtlReply>),
    Claimed(Reply<Claimed>),
    Present(Vec<SessionNonce>),
    CatchUp(Box<CatchUp>),
    Subscribed,
    Got(Option<(Bytes, Revision)>),
    Written(Result<Revision, WriteError>),
    Listed(Vec<(RoomIndex, Revision)>),
    /// What the bucket `results` has, by message id.
    Kept(Vec<(String, Kept)>),
    /// There is no space.
    Refused,
    Done,
}

/// A result in the bucket `results`.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) room: RoomIndex,
    pub(crate) result: Box<ResultRecord>,
    pub(crate) revision: Revision,
}

/// A gateway's answer, and what the simulation knows of it.
#[derive(Clone, Debug)]
pub(crate) struct CatchUp {
    pub(crate) bytes: Bytes,
    pub(crate) gateway: Pid,
    /// The newest tick that the gateway had passed on.
    pub(crate) passed: Option<Tick>,
    /// The inputs that had come from its clients.
    pub(crate) inputs: Vec<(GatewayId, Seat, Tick, Controls)>,
}
