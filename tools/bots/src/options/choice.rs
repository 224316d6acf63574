//! What bots drive and how well: the same for all, or a mixture.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::{CarClass, Skill};

/// The word for a mixture on the command line.
pub(super) const MIXED: &str = "mixed";

/// One for all bots, or a bit of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// All bots have the same.
    All(T),
    /// Each bot has another, by its number.
    Mixed,
}

impl Choice<CarClass> {
    /// The class of bot number `index`.
    #[must_use]
    pub fn of(self, index: usize) -> CarClass {
        match self {
            Self::All(class) => class,
            Self::Mixed => CarClass::ALL[index % CarClass::ALL.len()],
        }
    }
}

impl Choice<Skill> {
    /// The skill of bot number `index`.
    #[must_use]
    pub fn of(self, index: usize) -> Skill {
        match self {
            Self::All(skill) => skill,
            // The fastest first, as on any grid.
            Self::Mixed => [Skill::Expert, Skill::Club, Skill::Club, Skill::Novice][index % 4],
        }
    }

    /// The skill of the room's own AI drivers.
    #[must_use]
    pub fn of_room(self) -> Skill {
        match self {
            Self::All(skill) => skill,
            Self::Mixed => Skill::Club,
        }
    }
}

/// Takes the word of one class, or [`MIXED`].
pub(super) fn class() -> impl TypedValueParser<Value = Choice<CarClass>> {
    choice(&CarClass::ALL, CarClass::name)
}

/// Takes the word of one skill, or [`MIXED`].
pub(super) fn skill() -> impl TypedValueParser<Value = Choice<Skill>> {
    choice(&Skill::ALL, Skill::name)
}

/// Takes the name of one of `all`, or [`MIXED`]; clap lists the words in help
/// and errors.
fn choice<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = Choice<T>> {
    let words = all.iter().map(|it| name(*it)).chain([MIXED]);
    PossibleValuesParser::new(words).map(move |word| {
        let one = all.iter().copied().find(|it| name(*it) == word);
        one.map_or(Choice::Mixed, Choice::All)
    })
}
