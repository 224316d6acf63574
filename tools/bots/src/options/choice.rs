//! Car class and skill of bots: the same for all, or a mixture.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::{CarClass, Skill};

/// The name of a mixture on the command line.
pub(super) const MIXED: &str = "mixed";

/// One value for all bots, or a mixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// All bots have the same.
    All(T),
    /// It varies by the number of the bot.
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

/// A parser of a class by name, or [`MIXED`].
pub(super) fn class() -> impl TypedValueParser<Value = Choice<CarClass>> {
    choice(&CarClass::ALL, CarClass::name)
}

/// A parser of a skill by name, or [`MIXED`].
pub(super) fn skill() -> impl TypedValueParser<Value = Choice<Skill>> {
    choice(&Skill::ALL, Skill::name)
}

/// A parser of one of `all` by name, or [`MIXED`]; clap lists the names in help and
/// errors.
fn choice<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = Choice<T>> {
    let names = all.iter().map(|it| name(*it)).chain([MIXED]);
    PossibleValuesParser::new(names).map(move |chosen| {
        let one = all.iter().copied().find(|it| name(*it) == chosen);
        one.map_or(Choice::Mixed, Choice::All)
    })
}
