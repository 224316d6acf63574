//! Bugs that are planted to show that the simulation would find them.

/// A mistake of the shells of a simulated system. The cores are as they are in
/// the real programs: each of these undoes one thing on which they rely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A takeover writes its checkpoint whatever the revision is.
    SkipCas,
    /// An owner goes on however old its last checkpoint is.
    NoLeaseExpiry,
    /// A gateway takes every snapshot for one of the present epoch.
    NoEpochCheck,
    /// A new owner listens to the room once it has caught up.
    SubscribeAfterCas,
    /// The result is published while the checkpoint that says so is under way.
    ResultBeforeCas,
    /// A gateway answers a new owner, and raises its floor a moment later.
    AnswerBeforeFloor,
    /// A write that had no answer is taken for one that met another revision.
    TimeoutTakenForLost,
    /// Events that are sent again have another number.
    EventWithoutId,
    /// What a stream without space refuses is taken for written.
    RefusalTakenForDone,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SkipCas,
        Self::NoLeaseExpiry,
        Self::NoEpochCheck,
        Self::SubscribeAfterCas,
        Self::ResultBeforeCas,
        Self::AnswerBeforeFloor,
        Self::TimeoutTakenForLost,
        Self::EventWithoutId,
        Self::RefusalTakenForDone,
    ];
}
