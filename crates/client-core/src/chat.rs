//! The state of one client's chat connection.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use protocol::account::Password;
use protocol::chat::{ChatBody, ChatMessage};
use protocol::client::{ClientMessage, ServerMessage};
use protocol::{PlayerId, PlayerName, Rejection, RejectionCode, frame};

use crate::account::AccountChange;
use crate::link::LinkEvent;
use crate::login::Login;

/// The number of lines kept for scrolling back.
pub const LINES_MAX: usize = 2_000;

/// How often a line is sent that the gateway cannot bring into the chat: each attempt
/// takes it up to two seconds, in which a chat worker or NATS restarts.
pub const SAY_ATTEMPTS_MAX: u32 = 5;

/// The state of a chat client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatClientState {
    /// Without a connection; the reason, if it is known.
    Offline(Option<String>),
    /// Connected, not logged in.
    Unauthenticated,
    /// Logged in and in the chat.
    Joined,
    /// The connection ended and is not retried; the reason.
    Ended(String),
}

/// A line on its way.
#[derive(Debug)]
struct Unconfirmed {
    sequence: u64,
    text: String,
    attempts: u32,
}

/// A chat client without I/O.
///
/// A line is said once the gateway has confirmed it. One that the gateway could not
/// bring into the chat is sent again by itself, some times, with the same number, so
/// that it is said once. One whose connection broke is not, since it may have been said:
/// [`ChatClient::take_unsent`] returns it.
#[derive(Debug)]
pub struct ChatClient {
    state: ChatClientState,
    login: Option<Login>,
    player: Option<PlayerName>,
    present: BTreeMap<PlayerId, PlayerName>,
    /// The pages of a list whose last has not come.
    pages: Option<BTreeMap<PlayerId, PlayerName>>,
    new_lines: Vec<ChatMessage>,
    account_change: Option<AccountChange>,
    rejection: Option<Rejection>,
    said: Option<u64>,
    sequence: u64,
    /// Lines that are not confirmed. While the client is in the chat, the first is in
    /// flight: one at a time keeps their order, and tells which one is refused.
    unconfirmed: VecDeque<Unconfirmed>,
    unsent: Vec<String>,
    outgoing: Vec<Bytes>,
}

impl Default for ChatClient {
    fn default() -> Self {
        Self {
            state: ChatClientState::Offline(None),
            login: None,
            player: None,
            present: BTreeMap::new(),
            pages: None,
            new_lines: Vec::new(),
            account_change: None,
            rejection: None,
            said: None,
            sequence: 0,
            unconfirmed: VecDeque::new(),
            unsent: Vec::new(),
            outgoing: Vec::new(),
        }
    }
}

impl ChatClient {
    /// Creates an account and logs in, as soon as there is a connection.
    pub fn sign_up(&mut self, name: &str, password: &str) {
        let under_way = self.login.take();
        self.log_in_with(Login::sign_up(under_way, name, password));
    }

    /// Logs in, as soon as there is a connection.
    pub fn log_in(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::Password(name.to_owned(), Password::new(password)));
    }

    /// Logs in with a token that the race client obtained, as soon as there is a
    /// connection.
    pub fn resume(&mut self, token: &str) {
        self.log_in_with(Login::Token(token.to_owned()));
    }

    /// Ends the session: its tokens are good for nothing afterwards. The gateway closes
    /// the connection, and the link opens another one.
    pub fn log_out(&mut self) {
        self.outgoing
            .push(frame::from_client(&ClientMessage::LogOut));
        self.login = None;
        self.player = None;
    }

    /// Repeats a log-in that was refused as [`RejectionCode::Unavailable`], or as
    /// [`RejectionCode::TooFast`] once the time that the rejection states has passed.
    pub fn retry(&mut self) {
        if self.state == ChatClientState::Unauthenticated {
            self.send_login();
        }
    }

    /// Sends a chat line, after those before it, as soon as the client is in the chat.
    pub fn say(&mut self, text: &str) {
        self.sequence += 1;
        self.unconfirmed.push_back(Unconfirmed {
            sequence: self.sequence,
            text: text.to_owned(),
            attempts: 0,
        });
        if self.unconfirmed.len() == 1 {
            self.send_line();
        }
    }

    /// Replaces the player's password. [`ChatClient::take_account_change`] returns the
    /// outcome, [`ChatClient::take_rejection`] a refusal.
    pub fn change_password(&mut self, old: &str, new: &str) {
        self.send(&ClientMessage::ChangePassword {
            old: Password::new(old),
            new: Password::new(new),
        });
    }

    /// Deletes the player's account; its results stay under an anonymous name. The
    /// connection ends after [`ChatClient::take_account_change`] has the outcome.
    pub fn delete_account(&mut self, password: &str) {
        self.send(&ClientMessage::DeleteAccount {
            password: Password::new(password),
        });
    }

    /// Takes what became of the player's account since the last call.
    pub fn take_account_change(&mut self) -> Option<AccountChange> {
        self.account_change.take()
    }

    /// Handles an event of the link.
    pub fn handle(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected => {
                self.state = ChatClientState::Unauthenticated;
                self.send_login();
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Chat(message) => self.chat(message),
            LinkEvent::Lost { reason } => {
                self.disconnected();
                self.state = ChatClientState::Offline(Some(reason));
            }
            LinkEvent::Ended { reason } => {
                self.disconnected();
                self.state = ChatClientState::Ended(reason);
            }
            LinkEvent::Snapshot(_) | LinkEvent::Event(_) => {}
        }
    }

    /// Returns the state.
    #[must_use]
    pub fn state(&self) -> &ChatClientState {
        &self.state
    }

    /// Returns the player's name, once the gateway has confirmed it.
    #[must_use]
    pub fn player(&self) -> Option<&PlayerName> {
        self.player.as_ref()
    }

    /// Returns the gateway's token. `None` before the log-in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.login.as_ref().and_then(Login::token)
    }

    /// Returns the players in the chat, ordered by name.
    pub fn present(&self) -> impl Iterator<Item = &PlayerName> {
        self.present.values()
    }

    /// Takes the lines that arrived since the last call, oldest first.
    pub fn take_lines(&mut self) -> Vec<ChatMessage> {
        std::mem::take(&mut self.new_lines)
    }

    /// Takes the latest rejection since the last call.
    pub fn take_rejection(&mut self) -> Option<Rejection> {
        self.rejection.take()
    }

    /// Takes the sequence number of the latest [`ChatClient::say`] that the
    /// gateway has confirmed since the last call. The first one has number 1.
    pub fn take_said(&mut self) -> Option<u64> {
        self.said.take()
    }

    /// Takes the lines that were not confirmed when the connection broke, oldest first.
    /// The first of them may have been said.
    pub fn take_unsent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unsent)
    }

    /// Takes the frames to send.
    pub fn take_outgoing(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.outgoing)
    }

    fn log_in_with(&mut self, login: Login) {
        self.login = Some(login);
        if self.state == ChatClientState::Unauthenticated {
            self.send_login();
        }
    }

    fn send_login(&mut self) {
        if let Some(message) = self.login.as_ref().map(Login::message) {
            self.send(&message);
        }
    }

    fn message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { player, token, .. } => {
                self.player = Some(player);
                // The token replaces the password.
                self.login = Some(Login::Token(token));
            }
            ServerMessage::ChatJoined { .. } => {
                self.state = ChatClientState::Joined;
                self.pages = None;
                self.send(&ClientMessage::ListPresent { after: None });
                self.send_line();
            }
            ServerMessage::Present { players, has_more } => self.page(players, has_more),
            ServerMessage::Rejected(rejection) => self.rejected(rejection),
            ServerMessage::PasswordChanged { token } => {
                self.login = Some(Login::Token(token));
                self.account_change = Some(AccountChange::PasswordChanged);
            }
            ServerMessage::AccountDeleted { anonymous } => {
                // There is nothing to log in to.
                self.login = None;
                self.account_change = Some(AccountChange::Deleted { anonymous });
            }
            ServerMessage::Said { sequence } => self.confirmed(sequence),
            ServerMessage::Pong { .. }
            | ServerMessage::Goodbye { .. }
            | ServerMessage::Rooms { .. }
            | ServerMessage::Entered { .. }
            | ServerMessage::LeftRoom
            | ServerMessage::Profile(_)
            | ServerMessage::Leaderboard(_)
            | ServerMessage::ChatToken { .. } => {}
        }
    }

    /// Takes a page of the list. The next one is asked for after the last name of this.
    fn page(&mut self, players: Vec<PlayerName>, has_more: bool) {
        let last = players.last().map(ToString::to_string);
        let mut pages = self.pages.take().unwrap_or_default();
        pages.extend(players.into_iter().map(|player| (player.id(), player)));
        if has_more && last.is_some() {
            self.pages = Some(pages);
            self.send(&ClientMessage::ListPresent { after: last });
        } else {
            self.present = pages;
        }
    }

    fn rejected(&mut self, rejection: Rejection) {
        let is_final = rejection.code != RejectionCode::Unavailable;
        match self.state {
            // A repeated log-in would be refused again: the player has to act.
            ChatClientState::Unauthenticated
                if is_final && rejection.code != RejectionCode::TooFast =>
            {
                self.login = None;
            }
            ChatClientState::Joined => {
                let first = self.unconfirmed.front();
                if first.is_some_and(|line| !is_final && line.attempts < SAY_ATTEMPTS_MAX) {
                    return self.send_line();
                }
                self.unconfirmed.pop_front();
                self.send_line();
            }
            ChatClientState::Unauthenticated
            | ChatClientState::Offline(_)
            | ChatClientState::Ended(_) => {}
        }
        self.rejection = Some(rejection);
    }

    fn confirmed(&mut self, sequence: u64) {
        let first = self.unconfirmed.front();
        if first.is_some_and(|line| line.sequence == sequence) {
            self.unconfirmed.pop_front();
            self.send_line();
        }
        self.said = Some(sequence);
    }

    /// Sends the first line that is not confirmed.
    fn send_line(&mut self) {
        if self.state != ChatClientState::Joined {
            return;
        }
        if let Some(line) = self.unconfirmed.front_mut() {
            line.attempts += 1;
            let (text, sequence) = (line.text.clone(), line.sequence);
            self.send(&ClientMessage::Say { text, sequence });
        }
    }

    fn disconnected(&mut self) {
        self.present.clear();
        self.pages = None;
        let was_in_flight = self.state == ChatClientState::Joined;
        if was_in_flight {
            let lines = self.unconfirmed.drain(..);
            self.unsent.extend(lines.map(|line| line.text));
        }
    }

    fn chat(&mut self, message: ChatMessage) {
        match &message.body {
            ChatBody::Said { .. } => {}
            ChatBody::Joined { player } => {
                self.lists()
                    .for_each(|list| drop(list.insert(player.id(), player.clone())));
            }
            ChatBody::Left { player } => {
                self.lists()
                    .for_each(|list| drop(list.remove(&player.id())));
            }
        }
        self.new_lines.push(message);
        if self.new_lines.len() > LINES_MAX {
            self.new_lines.remove(0);
        }
    }

    /// Returns the list that is shown, and the one that is under way: a page is as of
    /// the messages before it.
    fn lists(&mut self) -> impl Iterator<Item = &mut BTreeMap<PlayerId, PlayerName>> {
        std::iter::once(&mut self.present).chain(&mut self.pages)
    }

    fn send(&mut self, message: &ClientMessage) {
        self.outgoing.push(frame::from_client(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PlayerName {
        PlayerName::parse(text).unwrap()
    }

    fn sent(client: &mut ChatClient) -> Vec<String> {
        let frames = client.take_outgoing();
        frames
            .iter()
            .map(|frame| String::from_utf8_lossy(&frame[1..]).into_owned())
            .collect()
    }

    #[test]
    fn logs_in_as_soon_as_it_can_and_comes_back_with_its_token() {
        let mut client = ChatClient::default();
        client.log_in("Ada", "secret1");
        assert!(sent(&mut client).is_empty());
        client.handle(LinkEvent::Connected);
        assert!(sent(&mut client)[0].contains("log_in"));
        let welcome = ServerMessage::Welcome {
            player: name("Ada"),
            token: "t1".into(),
            last_race: None,
        };
        client.handle(LinkEvent::Message(welcome));
        client.handle(LinkEvent::Message(ServerMessage::ChatJoined {
            sequence: 1,
        }));
        assert_eq!(*client.state(), ChatClientState::Joined);
        sent(&mut client);
        client.handle(LinkEvent::Lost {
            reason: "cut".into(),
        });
        client.handle(LinkEvent::Connected);
        assert_eq!(sent(&mut client), [r#"{"type":"resume","token":"t1"}"#]);
    }

    #[test]
    fn keeps_the_list_of_players_in_the_chat() {
        let mut client = ChatClient::default();
        let page =
            |players, has_more| LinkEvent::Message(ServerMessage::Present { players, has_more });
        client.handle(page(vec![name("Ghost")], false));
        client.handle(page(vec![name("Ada"), name("Bob")], true));
        let next = r#"{"type":"list_present","after":"Bob"}"#;
        assert_eq!(sent(&mut client), [next]);
        assert_eq!(client.present().collect::<Vec<_>>(), [&name("Ghost")]);
        // Between two pages: it belongs to the one before.
        let body = ChatBody::Left {
            player: name("Ada"),
        };
        client.handle(LinkEvent::Chat(ChatMessage { at: 0, body }));
        let body = ChatBody::Joined {
            player: name("Abe"),
        };
        client.handle(LinkEvent::Chat(ChatMessage { at: 0, body }));
        client.handle(page(vec![name("Dan")], false));
        let body = ChatBody::Joined {
            player: name("Cyd"),
        };
        client.handle(LinkEvent::Chat(ChatMessage { at: 0, body }));
        let body = ChatBody::Left {
            player: name("Bob"),
        };
        client.handle(LinkEvent::Chat(ChatMessage { at: 0, body }));
        assert_eq!(
            client.present().collect::<Vec<_>>(),
            [&name("Abe"), &name("Cyd"), &name("Dan")]
        );
        assert_eq!(client.take_lines().len(), 4);
    }

    #[test]
    fn does_not_repeat_a_refused_log_in() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Connected);
        client.log_in("Ada", "wrong-one");
        sent(&mut client);
        let rejection = Rejection::new(RejectionCode::WrongCredentials, "no");
        client.handle(LinkEvent::Message(ServerMessage::Rejected(rejection)));
        assert!(client.take_rejection().is_some());
        client.handle(LinkEvent::Connected);
        assert!(sent(&mut client).is_empty());
    }

    #[test]
    fn repeats_a_log_in_that_was_refused_as_unavailable() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Connected);
        client.resume("t1");
        sent(&mut client);
        let rejection = Rejection::new(RejectionCode::Unavailable, "no chat worker");
        client.handle(LinkEvent::Message(ServerMessage::Rejected(rejection)));
        client.retry();
        assert_eq!(sent(&mut client), [r#"{"type":"resume","token":"t1"}"#]);
    }

    #[test]
    fn keeps_its_token_when_it_has_come_back_too_often() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Connected);
        client.resume("t1");
        sent(&mut client);
        reject(&mut client, RejectionCode::TooFast);
        client.retry();
        assert_eq!(sent(&mut client), [r#"{"type":"resume","token":"t1"}"#]);
    }

    fn joined() -> ChatClient {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Connected);
        let joined = ServerMessage::ChatJoined { sequence: 1 };
        client.handle(LinkEvent::Message(joined));
        assert_eq!(sent(&mut client), [r#"{"type":"list_present"}"#]);
        client
    }

    fn reject(client: &mut ChatClient, code: RejectionCode) {
        let rejection = Rejection::new(code, "no");
        client.handle(LinkEvent::Message(ServerMessage::Rejected(rejection)));
    }

    fn line(text: &str, sequence: u64) -> String {
        format!(r#"{{"type":"say","text":"{text}","sequence":{sequence}}}"#)
    }

    #[test]
    fn says_one_line_at_a_time_in_their_order() {
        let mut client = joined();
        client.say("one");
        client.say("two");
        assert_eq!(sent(&mut client), [line("one", 1)]);
        client.handle(LinkEvent::Message(ServerMessage::Said { sequence: 1 }));
        assert_eq!(sent(&mut client), [line("two", 2)]);
        reject(&mut client, RejectionCode::BadText);
        client.say("three");
        assert_eq!(sent(&mut client), [line("three", 3)]);
        assert!(client.take_rejection().is_some());
    }

    #[test]
    fn repeats_a_line_with_its_number_and_then_says_that_it_failed() {
        let mut client = joined();
        client.say("one");
        for _ in 1..SAY_ATTEMPTS_MAX {
            reject(&mut client, RejectionCode::Unavailable);
            assert!(client.take_rejection().is_none());
        }
        let attempts = SAY_ATTEMPTS_MAX as usize;
        assert_eq!(sent(&mut client), vec![line("one", 1); attempts]);
        reject(&mut client, RejectionCode::Unavailable);
        assert!(client.take_rejection().is_some());
        assert!(sent(&mut client).is_empty());
    }

    #[test]
    fn returns_the_lines_that_a_break_left_unconfirmed() {
        let mut client = joined();
        client.say("one");
        client.say("two");
        client.handle(LinkEvent::Lost {
            reason: "cut".into(),
        });
        assert_eq!(client.take_unsent(), ["one", "two"]);
        client.say("three");
        client.handle(LinkEvent::Connected);
        sent(&mut client);
        let joined = ServerMessage::ChatJoined { sequence: 9 };
        client.handle(LinkEvent::Message(joined));
        let list = r#"{"type":"list_present"}"#.to_owned();
        assert_eq!(sent(&mut client), [list, line("three", 3)]);
    }

    #[test]
    fn reports_each_confirmation_once() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Message(ServerMessage::Said { sequence: 4 }));
        assert_eq!((client.take_said(), client.take_said()), (Some(4), None));
    }
}
