//! A chat client at any gateway.

use std::sync::LazyLock;

use bytes::Bytes;
use client_core::{ChatClient, LinkEvent};
use protocol::chat::{ChatBody, ChatMessage};
use protocol::frame::{self, FrameKind};

use super::{check_outgoing, link_event, server_frames};
use crate::names;
use crate::sample;
use crate::source::Source;

/// What a gateway sends on the chat port, and some of the other port.
static FRAMES: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let said = ChatBody::Said {
        from: sample::player(1),
        text: "hello".to_owned().try_into().expect("it is a line"),
    };
    let joined = ChatBody::Joined {
        player: sample::player(1),
    };
    let left = ChatBody::Left {
        player: sample::player(1),
    };
    let chat = [said, joined, left].map(|body| {
        let message = ChatMessage { at: 1, body };
        let json = serde_json::to_vec(&message).expect("it is a message");
        frame::binary(FrameKind::Chat, &json)
    });
    server_frames().into_iter().chain(chat).collect()
});

/// What happens next. The numbers are those of the corpus: new ones go last.
#[derive(Clone, Copy)]
enum Event {
    Frame,
    Message,
    Link,
    LogIn,
    SignUp,
    Resume,
    Retry,
    Say,
    Look,
}

const EVENTS: [Event; 9] = [
    Event::Frame,
    Event::Message,
    Event::Link,
    Event::LogIn,
    Event::SignUp,
    Event::Resume,
    Event::Retry,
    Event::Say,
    Event::Look,
];

/// A chat client with any gateway and player.
pub fn chat_client(bytes: &[u8]) {
    let (mut source, mut client) = (Source::new(bytes), ChatClient::default());
    while let Some(event) = source.event(&EVENTS)
        && take(&mut client, event, &mut source).is_some()
    {
        check_outgoing(&client.take_outgoing());
    }
}

fn take(client: &mut ChatClient, event: Event, source: &mut Source<'_>) -> Option<()> {
    match event {
        Event::Frame => {
            let frame = Bytes::copy_from_slice(source.run()?);
            LinkEvent::read(&frame)
                .into_iter()
                .for_each(|event| client.handle(event));
        }
        Event::Message => {
            let frame = &FRAMES[usize::from(source.number::<u8>()?) % FRAMES.len()];
            client.handle(LinkEvent::read(frame).expect("a gateway wrote it"));
        }
        Event::Link => client.handle(link_event(source.number()?)),
        Event::LogIn => client.log_in("Ada", "secret1"),
        Event::SignUp => client.sign_up("Ada", "secret1"),
        Event::Resume => client.resume("e30.AAAA"),
        Event::Retry => client.retry(),
        Event::Say => client.say("hello"),
        Event::Look => look(client),
    }
    Some(())
}

/// Shows what a window shows.
fn look(client: &mut ChatClient) {
    let mut before = None;
    for player in client.present() {
        names::check_name(player.as_str());
        let id = player.id();
        assert!(before.is_none_or(|before| before < id), "not in order");
        before = Some(id);
    }
    let _ = (client.state(), client.player(), client.token());
    let _ = (client.take_rejection(), client.take_said());
    client.take_lines();
    client.take_unsent();
}

/// A log-in, lines said and refused, and a lost connection.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![
            3, 2, 0, 1, 0, 1, 8, 7, 7, 1, 9, 1, 10, 1, 15, 1, 16, 8, 1, 12, 1, 17, 2, 2, 8, 2, 0,
            6, 1, 13, 4,
        ],
        vec![5, 2, 0, 1, 8, 0, 3, 0, 1, b'{', b'}', 8, 2, 3],
    ]
}
