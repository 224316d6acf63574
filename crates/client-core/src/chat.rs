//! The chat as one client knows it.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::account::Password;
use protocol::chat::{ChatBody, ChatMessage};
use protocol::client::{ClientMessage, ServerMessage};
use protocol::{PlayerId, PlayerName, Rejection, RejectionCode, frame};

use crate::link::LinkEvent;
use crate::login::Login;

/// Lines kept for scrolling back.
pub const LINES_MAX: usize = 2_000;

/// How far a chat client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatStage {
    /// No connection; why, when it is known.
    Offline(Option<String>),
    /// Connected, but not known to the gateway.
    Stranger,
    /// In the chat.
    In,
    /// The connection ended for good; why.
    Ended(String),
}

/// A chat client without I/O.
#[derive(Debug)]
pub struct ChatClient {
    stage: ChatStage,
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
            stage: ChatStage::Offline(None),
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
    /// Makes an account and logs in, now or as soon as there is a connection.
    pub fn sign_up(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::SignUp(name.to_owned(), Password::new(password)));
    }

    /// Logs in, now or as soon as there is a connection.
    pub fn log_in(&mut self, name: &str, password: &str) {
        self.log_in_with(Login::Password(name.to_owned(), Password::new(password)));
    }

    /// Logs in with a token of the race client.
    pub fn resume(&mut self, token: &str) {
        self.log_in_with(Login::Token(token.to_owned()));
    }

    /// Logs in once more in the way that was refused as
    /// [`RejectionCode::Unavailable`], which is for the moment only.
    pub fn retry(&mut self) {
        if self.stage == ChatStage::Stranger {
            self.send_login();
        }
    }

    /// Says something.
    pub fn say(&mut self, text: &str) {
        self.sequence += 1;
        self.send(&ClientMessage::Say {
            text: text.to_owned(),
            sequence: self.sequence,
        });
    }

    /// Takes an event of the link.
    pub fn handle(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected => {
                self.stage = ChatStage::Stranger;
                self.send_login();
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Chat(message) => self.chat(message),
            LinkEvent::Lost { reason } => {
                self.present.clear();
                self.stage = ChatStage::Offline(Some(reason));
            }
            LinkEvent::Ended { reason } => self.stage = ChatStage::Ended(reason),
            LinkEvent::Snapshot(_) | LinkEvent::Event(_) => {}
        }
    }

    /// How far the client is.
    #[must_use]
    pub fn stage(&self) -> &ChatStage {
        &self.stage
    }

    /// Who the client is, once it is known.
    #[must_use]
    pub fn player(&self) -> Option<&PlayerName> {
        self.player.as_ref()
    }

    /// The token that the gateway gave out. `None` before the log-in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.login.as_ref().and_then(Login::token)
    }

    /// Who is in the chat, in the order of names.
    pub fn present(&self) -> impl Iterator<Item = &PlayerName> {
        self.present.values()
    }

    /// The lines that came since the last call, oldest first.
    pub fn take_lines(&mut self) -> Vec<ChatMessage> {
        std::mem::take(&mut self.new_lines)
    }

    /// The last refusal since the last call.
    pub fn take_rejection(&mut self) -> Option<Rejection> {
        self.rejection.take()
    }

    /// The count of the last [`ChatClient::say`] that got its place in the
    /// chat, if one did since the last call.
    pub fn take_said(&mut self) -> Option<u64> {
        self.said.take()
    }

    /// The frames to send.
    pub fn take_outgoing(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.outgoing)
    }

    fn log_in_with(&mut self, login: Login) {
        self.login = Some(login);
        if self.stage == ChatStage::Stranger {
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
            ServerMessage::Welcome { player, token } => {
                self.player = Some(player);
                // From now on the password is not needed any more.
                self.login = Some(Login::Token(token));
            }
            ServerMessage::ChatJoined { .. } => {
                self.stage = ChatStage::In;
                self.send(&ClientMessage::ListPresent);
            }
            ServerMessage::Present { players } => {
                self.present
                    .extend(players.into_iter().map(|player| (player.id(), player)));
            }
            ServerMessage::Rejected(rejection) => {
                let for_good = rejection.code != RejectionCode::Unavailable;
                if self.stage == ChatStage::Stranger && for_good {
                    // It would be refused again: ask the person.
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
        assert_eq!(*client.stage(), ChatStage::In);
        sent(&mut client);
        client.handle(LinkEvent::Lost {
            reason: "cut".into(),
        });
        client.handle(LinkEvent::Connected);
        assert_eq!(sent(&mut client), [r#"{"type":"resume","token":"t1"}"#]);
    }

    #[test]
    fn keeps_track_of_who_is_here() {
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
    fn repeats_a_log_in_that_nobody_could_take() {
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
    fn tells_once_what_was_confirmed() {
        let mut client = ChatClient::default();
        client.handle(LinkEvent::Message(ServerMessage::Said { sequence: 4 }));
        assert_eq!((client.take_said(), client.take_said()), (Some(4), None));
    }
}
