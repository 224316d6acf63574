//! A choice in a list that changes: by identity, not by place.

/// The chosen element of a list, by its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<I> {
    id: Option<I>,
    /// The place that the element had, from which the arrows go on once it is gone.
    place: usize,
}

impl<I> Default for Choice<I> {
    fn default() -> Self {
        Self { id: None, place: 0 }
    }
}

impl<I: Copy + PartialEq> Choice<I> {
    /// Returns what was chosen, whether or not it is still in the list.
    #[must_use]
    pub fn id(&self) -> Option<I> {
        self.id
    }

    /// Returns the place of what was chosen in a list, if it is there.
    #[must_use]
    pub fn place_in(&self, list: &[I]) -> Option<usize> {
        list.iter().position(|id| Some(*id) == self.id)
    }

    /// Chooses the element at a place, or the last one before it.
    pub fn choose(&mut self, list: &[I], place: usize) {
        self.place = place.min(list.len().saturating_sub(1));
        self.id = list.get(self.place).copied();
    }

    /// Chooses the element `steps` places away. If what was chosen is gone, the
    /// elements around its place are one step away.
    pub fn step(&mut self, list: &[I], steps: isize) {
        let from = match self.place_in(list) {
            Some(place) => place,
            None if steps > 0 => self.place.saturating_sub(1),
            None => self.place,
        };
        let is_new = self.id.is_none() && self.place == 0;
        let to = if is_new {
            0
        } else {
            from.saturating_add_signed(steps)
        };
        self.choose(list, to);
    }

    /// Remembers the place of what was chosen. Returns whether it has gone since the
    /// last call: nothing is chosen then.
    pub fn follow(&mut self, list: &[I]) -> bool {
        match self.place_in(list) {
            Some(place) => {
                self.place = place;
                false
            }
            None => self.id.take().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_keeps_its_element_when_the_list_is_sorted_anew() {
        let mut choice = Choice::default();
        choice.choose(&['a', 'b', 'c'], 1);
        assert!(!choice.follow(&['c', 'x', 'b', 'a']));
        assert_eq!(choice.place_in(&['c', 'x', 'b', 'a']), Some(2));
        choice.step(&['c', 'x', 'b', 'a'], 1);
        assert_eq!(choice.id(), Some('a'));
    }

    #[test]
    fn what_is_gone_is_not_replaced_by_a_neighbour() {
        let mut choice = Choice::default();
        choice.choose(&['a', 'b', 'c'], 1);
        assert!(choice.follow(&['a', 'c']));
        assert_eq!((choice.id(), choice.place_in(&['a', 'c'])), (None, None));
        assert!(!choice.follow(&['a', 'c']), "it is told once");
        let mut down = choice.clone();
        down.step(&['a', 'c'], 1);
        assert_eq!(down.id(), Some('c'), "what has come to its place");
        choice.step(&['a', 'c'], -1);
        assert_eq!(choice.id(), Some('a'));
    }

    #[test]
    fn the_ends_of_a_list_hold() {
        let mut choice = Choice::default();
        choice.step(&['a', 'b'], 5);
        assert_eq!(choice.id(), Some('a'), "the first step chooses the first");
        choice.step(&['a', 'b'], 5);
        assert_eq!(choice.id(), Some('b'));
        choice.step(&['a', 'b'], -9);
        assert_eq!(choice.id(), Some('a'));
        choice.step(&[], 1);
        assert_eq!(choice.id(), None);
    }
}
