//! Keys by their position on the keyboard, and the buttons of a controller.

use std::fmt;

/// A key by its position, as the usage id of USB's keyboard page, which is also
/// SDL's scan code; or, from [`KeyCode::PAD_FIRST`], a button of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyCode(pub u16);

impl KeyCode {
    /// Return.
    pub const RETURN: Self = Self(40);
    /// Escape.
    pub const ESCAPE: Self = Self(41);
    /// Tab.
    pub const TAB: Self = Self(43);
    /// Space.
    pub const SPACE: Self = Self(44);
    /// Slash.
    pub const SLASH: Self = Self(56);
    /// F2.
    pub const F2: Self = Self(59);
    /// F10.
    pub const F10: Self = Self(67);
    /// F11.
    pub const F11: Self = Self(68);
    /// F12.
    pub const F12: Self = Self(69);
    /// Right arrow.
    pub const RIGHT: Self = Self(79);
    /// Left arrow.
    pub const LEFT: Self = Self(80);
    /// Down arrow.
    pub const DOWN: Self = Self(81);
    /// Up arrow.
    pub const UP: Self = Self(82);

    /// The first button of a controller, A. The others follow in SDL's order.
    pub const PAD_FIRST: u16 = 0x1000;
    /// The lowest button of the right hand.
    pub const PAD_A: Self = Self::pad(0);
    /// The right button of the right hand.
    pub const PAD_B: Self = Self::pad(1);
    /// The left button of the right hand.
    pub const PAD_X: Self = Self::pad(2);
    /// The upper button of the right hand.
    pub const PAD_Y: Self = Self::pad(3);
    /// The small button on the left.
    pub const PAD_BACK: Self = Self::pad(4);
    /// The small button on the right.
    pub const PAD_START: Self = Self::pad(6);
    /// Above the left trigger.
    pub const PAD_LEFT_SHOULDER: Self = Self::pad(9);
    /// Above the right trigger.
    pub const PAD_RIGHT_SHOULDER: Self = Self::pad(10);
    /// Up on the cross.
    pub const PAD_UP: Self = Self::pad(11);
    /// Down on the cross.
    pub const PAD_DOWN: Self = Self::pad(12);
    /// Left on the cross.
    pub const PAD_LEFT: Self = Self::pad(13);
    /// Right on the cross.
    pub const PAD_RIGHT: Self = Self::pad(14);

    /// The first key of the top row, 1, which is followed by 2 to 9.
    const DIGITS_FIRST: u16 = 30;

    /// Returns the key at the place of a letter on an American keyboard.
    ///
    /// # Panics
    /// Panics if it is not one of a-z.
    #[must_use]
    pub const fn letter(letter: u8) -> Self {
        assert!(letter.is_ascii_lowercase(), "the letters are a to z");
        Self(4 + (letter - b'a') as u16)
    }

    /// Returns the button of a controller with SDL's number.
    #[must_use]
    pub const fn pad(button: u16) -> Self {
        Self(Self::PAD_FIRST + button)
    }

    /// Returns whether it is a button of a controller.
    #[must_use]
    pub const fn is_pad(self) -> bool {
        self.0 >= Self::PAD_FIRST
    }

    /// Returns whether the key moves in lists and forms or answers them, so that it
    /// can be no command there.
    #[must_use]
    pub fn navigates(self) -> bool {
        matches!(
            self,
            Self::RETURN | Self::ESCAPE | Self::TAB | Self::RIGHT | Self::LEFT | Self::DOWN
                | Self::UP
                | Self::PAD_A
                | Self::PAD_B
                | Self::PAD_UP
                | Self::PAD_DOWN
                | Self::PAD_LEFT
                | Self::PAD_RIGHT
        )
        // Backspace, Home, Page Up, Delete, End, Page Down, the keypad's Enter.
            || matches!(self.0, 42 | 74..=78 | 88)
    }

    /// Returns whether it is one of the two Ctrl keys.
    #[must_use]
    pub fn is_ctrl(self) -> bool {
        matches!(self.0, 224 | 228)
    }

    /// Returns the digit of the top row, 1 to 9, that the key has.
    #[must_use]
    pub fn digit(self) -> Option<u8> {
        let digit = self.0.checked_sub(Self::DIGITS_FIRST)? + 1;
        u8::try_from(digit).ok().filter(|digit| *digit <= 9)
    }

    /// Returns whether the key types text on any layout.
    #[must_use]
    pub fn is_text(self) -> bool {
        // Letters and digits, space and punctuation, the keypad without its Enter
        // and Num Lock, the key beside the left Shift, and those of Japanese and
        // Brazilian keyboards.
        matches!(self.0, 4..=39 | 44..=56 | 84..=87 | 89..=100 | 103 | 133..=143)
    }

    /// Returns the key with a name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(_, it)| it.eq_ignore_ascii_case(name));
        let numbered = || name.strip_prefix("Key ")?.parse().ok().map(Self);
        named.map(|(code, _)| Self(*code)).or_else(numbered)
    }
}

impl fmt::Display for KeyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "Key {}", self.0),
        }
    }
}

/// The names, as on an American keyboard.
const NAMES: [(u16, &str); 120] = [
    (4, "A"),
    (5, "B"),
    (6, "C"),
    (7, "D"),
    (8, "E"),
    (9, "F"),
    (10, "G"),
    (11, "H"),
    (12, "I"),
    (13, "J"),
    (14, "K"),
    (15, "L"),
    (16, "M"),
    (17, "N"),
    (18, "O"),
    (19, "P"),
    (20, "Q"),
    (21, "R"),
    (22, "S"),
    (23, "T"),
    (24, "U"),
    (25, "V"),
    (26, "W"),
    (27, "X"),
    (28, "Y"),
    (29, "Z"),
    (30, "1"),
    (31, "2"),
    (32, "3"),
    (33, "4"),
    (34, "5"),
    (35, "6"),
    (36, "7"),
    (37, "8"),
    (38, "9"),
    (39, "0"),
    (40, "Enter"),
    (41, "Esc"),
    (42, "Backspace"),
    (43, "Tab"),
    (44, "Space"),
    (45, "-"),
    (46, "="),
    (47, "["),
    (48, "]"),
    (49, "\\"),
    (51, ";"),
    (52, "'"),
    (53, "`"),
    (54, ","),
    (55, "."),
    (56, "/"),
    (57, "Caps Lock"),
    (58, "F1"),
    (59, "F2"),
    (60, "F3"),
    (61, "F4"),
    (62, "F5"),
    (63, "F6"),
    (64, "F7"),
    (65, "F8"),
    (66, "F9"),
    (67, "F10"),
    (68, "F11"),
    (69, "F12"),
    (70, "Print"),
    (71, "Scroll Lock"),
    (72, "Pause"),
    (73, "Insert"),
    (74, "Home"),
    (75, "Page Up"),
    (76, "Delete"),
    (77, "End"),
    (78, "Page Down"),
    (79, "Right"),
    (80, "Left"),
    (81, "Down"),
    (82, "Up"),
    (83, "Num Lock"),
    (84, "Keypad /"),
    (85, "Keypad *"),
    (86, "Keypad -"),
    (87, "Keypad +"),
    (88, "Keypad Enter"),
    (89, "Keypad 1"),
    (90, "Keypad 2"),
    (91, "Keypad 3"),
    (92, "Keypad 4"),
    (93, "Keypad 5"),
    (94, "Keypad 6"),
    (95, "Keypad 7"),
    (96, "Keypad 8"),
    (97, "Keypad 9"),
    (98, "Keypad 0"),
    (99, "Keypad ."),
    (100, "ISO \\"),
    (101, "Menu"),
    (224, "Left Ctrl"),
    (225, "Left Shift"),
    (226, "Left Alt"),
    (227, "Left Super"),
    (228, "Right Ctrl"),
    (229, "Right Shift"),
    (230, "Right Alt"),
    (231, "Right Super"),
    (KeyCode::PAD_A.0, "Pad A"),
    (KeyCode::PAD_B.0, "Pad B"),
    (KeyCode::PAD_X.0, "Pad X"),
    (KeyCode::PAD_Y.0, "Pad Y"),
    (KeyCode::PAD_BACK.0, "Pad Back"),
    (KeyCode::pad(5).0, "Pad Guide"),
    (KeyCode::PAD_START.0, "Pad Start"),
    (KeyCode::pad(7).0, "Left Stick"),
    (KeyCode::pad(8).0, "Right Stick"),
    (KeyCode::PAD_LEFT_SHOULDER.0, "Left Shoulder"),
    (KeyCode::PAD_RIGHT_SHOULDER.0, "Right Shoulder"),
    (KeyCode::PAD_UP.0, "Pad Up"),
    (KeyCode::PAD_DOWN.0, "Pad Down"),
    (KeyCode::PAD_LEFT.0, "Pad Left"),
    (KeyCode::PAD_RIGHT.0, "Pad Right"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for code in (0..512).chain(0x1000..0x1020).map(KeyCode) {
            assert_eq!(KeyCode::from_name(&code.to_string()), Some(code), "{code}");
        }
        assert_eq!(KeyCode::from_name("page up"), Some(KeyCode(75)));
        assert_eq!(KeyCode::from_name("Hyper"), None);
    }

    #[test]
    fn letters_and_digits_are_where_their_names_say() {
        assert_eq!(KeyCode::letter(b'w').to_string(), "W");
        assert_eq!(KeyCode(30).digit(), Some(1));
        assert_eq!(KeyCode(38).digit(), Some(9));
        assert_eq!((KeyCode(29).digit(), KeyCode(39).digit()), (None, None));
    }

    #[test]
    fn function_keys_and_arrows_type_nothing() {
        for code in [
            KeyCode::F11,
            KeyCode::UP,
            KeyCode::RETURN,
            KeyCode::ESCAPE,
            KeyCode::TAB,
        ] {
            assert!(!code.is_text(), "{code}");
        }
        for code in [
            KeyCode::letter(b'a'),
            KeyCode::letter(b'z'),
            KeyCode::SPACE,
            KeyCode::SLASH,
        ] {
            assert!(code.is_text(), "{code}");
        }
    }
}
