//! The state of one client's chat connection.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::account::Password;
use protocol::chat::{ChatBody, ChatMessage};
use protocol::client::{ClientMessage, ServerMessage};
use protocol::{PlayerId, PlayerName, Rejection, RejectionCode, frame};

use crate::link::LinkEvent;
use crate::login::Login;

/// The number of lines kept for scrolling back.
pub const LINES_MAX: usize = 2_000;

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

/// A chat client without I/O.
#[derive(Debug)]
pub struct ChatClient {
    state: ChatClientState,
    login: Option<Login>,
    player: Option<PlayerName>,
    present: BTreeMap<PlayerId, PlayerName>,
    new_lines: Vec<ChatMessage>,
    rejection: Option<Rejection>,
    said: Option<u64>,
    sequence: u64,
    outgoing: Vec<Bytes>,
}

impl Default for ChatClient {
    fn default() -> Self {
        Self {
            state: ChatClientState::Offline(None),
            login: None,
            player: None,
            present: BTreeMap::new(),
            new_lines: Vec::new(),
            rejection: None,
            said: None,
            sequence: 0,
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

    /// Repeats a log-in that was refused as [`RejectionCode::Unavailable`].
    pub fn retry(&mut self) {
        if self.state == ChatClientState::Unauthenticated {
            self.send_login();
        }
    }

    /// Sends a chat line.
    pub fn say(&mut self, text: &str) {
        self.sequence += 1;
        self.send(&ClientMessage::Say {
            text: text.to_owned(),
            sequence: self.sequence,
        });
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
                self.present.clear();
                self.state = ChatClientState::Offline(Some(reason));
            }
            LinkEvent::Ended { reason } => self.state = ChatClientState::Ended(reason),
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
                self.send(&ClientMessage::ListPresent);
            }
            ServerMessage::Present { players } => {
                self.present
                    .extend(players.into_iter().map(|player| (player.id(), player)));
            }
            ServerMessage::Rejected(rejection) => {
                let is_final = rejection.code != RejectionCode::Unavailable;
                if self.state == ChatClientState::Unauthenticated && is_final {
                    // A repeated log-in would be refused again: the player has to act.
                    self.login = None;
                }
                self.rejection = Some(rejection);
            }
            ServerMessage::Said { sequence } => self.said = Some(sequence),
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

    fn chat(&mut self, message: ChatMessage) {
        match &message.body {
            ChatBody::Said { .. } => {}
            ChatBody::Joined { player } => {
                self.present.insert(player.id(), player.clone());
            }
            ChatBody::Left { player } => {
                self.present.remove(&player.id());
            }
        }
        self.new_lines.push(message);
        if self.new_lines.len() > LINES_MAX {
            self.new_lines.remove(0);
        }
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
        let players = vec![name("Bob"), name("Ada")];
        client.handle(LinkEvent::Message(ServerMessage::Present { players }));
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
            [&name("Ada"), &name("Cyd")]
        );
        assert_eq!(client.take_lines().len(), 2);
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
    fn reports_each_confirmation_once() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Message(ServerMessage::Said { sequence: 4 }));
        assert_eq!((client.take_said(), client.take_said()), (Some(4), None));
    }
}
