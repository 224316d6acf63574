use super::*;
use crate::screens::tests::{in_lobby, list, with_client};

const ROOMS: [(u32, &str, &str); 3] = [
    (1, "race-3", "waiting"),
    (2, "race-12", "waiting"),
    (3, "alpha", "racing"),
];

fn act(screen: &mut LobbyScreen, client: &RaceClient, event: &UiEvent) -> Option<Action> {
    with_client(client, Instant::now(), |context| {
        screen.handle(event, context)
    })
}

fn press(screen: &mut LobbyScreen, client: &RaceClient, key: Key) -> Option<Action> {
    act(screen, client, &UiEvent::Key(key))
}

fn update(screen: &mut LobbyScreen, client: &RaceClient, now: Instant) {
    with_client(client, now, |context| screen.update(context));
}

fn page(screen: &LobbyScreen, client: &RaceClient) -> Page {
    with_client(client, Instant::now(), |context| screen.page(context))
}

/// Makes a lobby in which the room of a name is chosen.
fn with_choice(client: &RaceClient, name: &str) -> LobbyScreen {
    let mut screen = LobbyScreen::default();
    update(&mut screen, client, Instant::now());
    while screen
        .chosen(client)
        .is_none_or(|room| room.name.as_str() != name)
    {
        press(&mut screen, client, Key::Down);
    }
    screen
}

fn middle(area: crate::area::Area) -> (f32, f32) {
    (area.middle(), area.y + area.h / 2.0)
}

fn join(name: &str) -> Option<Action> {
    Some(Action::Join(name.to_owned()))
}

fn many(count: u32) -> RaceClient {
    let names: Vec<String> = (0..count).map(|index| format!("room-{index}")).collect();
    let rooms: Vec<(u32, &str, &str)> = (0..count)
        .zip(&names)
        .map(|(index, name)| (index, name.as_str(), "waiting"))
        .collect();
    in_lobby(&rooms)
}

#[test]
fn rooms_are_in_natural_order() {
    let client = in_lobby(&ROOMS);
    let screen = LobbyScreen::default();
    let names: Vec<_> = screen
        .rooms(&client)
        .iter()
        .map(|room| room.name.as_str())
        .collect();
    assert_eq!(names, ["alpha", "race-3", "race-12"]);
}

#[test]
fn enter_joins_the_chosen_room_wherever_the_list_has_moved_it() {
    let mut client = in_lobby(&ROOMS);
    let mut screen = with_choice(&client, "race-3");
    // Rooms come before it and go behind it.
    list(
        &mut client,
        &[(7, "aaa", "waiting"), (8, "bbb", "waiting"), ROOMS[0]],
    );
    update(&mut screen, &client, Instant::now());
    assert_eq!(press(&mut screen, &client, Key::Enter), join("race-3"));
}

#[test]
fn enter_joins_nothing_once_the_chosen_room_is_gone_and_the_player_is_told() {
    let mut client = in_lobby(&ROOMS);
    let mut screen = with_choice(&client, "race-3");
    list(&mut client, &[ROOMS[1], ROOMS[2]]);
    // Before the next frame has looked at the list, and after it.
    let mut early = screen.clone();
    assert_eq!(press(&mut early, &client, Key::Enter), None);
    update(&mut screen, &client, Instant::now());
    assert_eq!(screen.error(), Some("room race-3 is gone, choose another"));
    assert_eq!(press(&mut screen, &client, Key::Enter), None);
    assert!(
        screen
            .error()
            .is_some_and(|text| text.contains("choose a room"))
    );
    press(&mut screen, &client, Key::Down);
    assert_eq!(press(&mut screen, &client, Key::Enter), join("race-12"));
}

#[test]
fn a_room_of_the_same_name_is_another_room() {
    let mut client = in_lobby(&ROOMS);
    let mut screen = with_choice(&client, "race-3");
    list(&mut client, &[(99, "race-3", "waiting"), ROOMS[1]]);
    update(&mut screen, &client, Instant::now());
    assert_eq!(press(&mut screen, &client, Key::Enter), None);
}

#[test]
fn enter_on_a_running_race_watches_it_or_returns_to_it() {
    let client = in_lobby(&ROOMS);
    let mut screen = with_choice(&client, "alpha");
    let watch = Some(Action::Watch("alpha".to_owned()));
    assert_eq!(press(&mut screen, &client, Key::Enter), watch);
    // What the refusal of a join says can be done: "watch it instead".
    assert_eq!(
        act(&mut screen, &client, &UiEvent::Command(Command::Watch)),
        watch
    );
    let mut own = in_lobby(&[]);
    crate::screens::tests::receive(
        &mut own,
        serde_json::json!({"type": "rooms", "rooms": [{"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "name": "mine", "phase": "racing", "players": ["Ada"], "owner": "00000001",
            "epoch": 1, "track": "harbour-ring"}]}),
    );
    let mut screen = with_choice(&own, "mine");
    assert_eq!(press(&mut screen, &own, Key::Enter), join("mine"));
}

#[test]
fn a_click_chooses_and_a_double_click_enters() {
    let client = in_lobby(&ROOMS);
    let mut screen = LobbyScreen::default();
    let area = page(&screen, &client).area_of(Target::Row(2)).unwrap();
    let (x, y) = middle(area);
    let click = UiEvent::Click { x, y };
    assert_eq!(act(&mut screen, &client, &click), None);
    assert_eq!(screen.chosen(&client).unwrap().name.as_str(), "race-12");
    act(&mut screen, &client, &click);
    let double = UiEvent::DoubleClick { x, y };
    assert_eq!(act(&mut screen, &client, &double), join("race-12"));
}

#[test]
fn a_double_click_enters_nothing_if_the_list_moved_between_the_clicks() {
    let mut client = in_lobby(&ROOMS);
    let mut screen = LobbyScreen::default();
    let (x, y) = middle(page(&screen, &client).area_of(Target::Row(1)).unwrap());
    act(&mut screen, &client, &UiEvent::Click { x, y });
    list(
        &mut client,
        &[(7, "aaa", "waiting"), ROOMS[0], ROOMS[1], ROOMS[2]],
    );
    act(&mut screen, &client, &UiEvent::Click { x, y });
    assert_eq!(
        act(&mut screen, &client, &UiEvent::DoubleClick { x, y }),
        None
    );
}

#[test]
fn a_long_list_scrolls_by_keys_by_wheel_and_by_its_bar() {
    let client = many(109);
    let mut screen = LobbyScreen::default();
    update(&mut screen, &client, Instant::now());
    let first_row = |screen: &LobbyScreen| {
        let targets = page(screen, &client).targets;
        targets.into_iter().find_map(|(_, target)| match target {
            Target::Row(index) => Some(index),
            _ => None,
        })
    };
    press(&mut screen, &client, Key::End);
    assert_eq!(screen.chosen(&client).unwrap().name.as_str(), "room-108");
    press(&mut screen, &client, Key::Home);
    assert_eq!(first_row(&screen), Some(0));
    let rows = shown_rows(&page(&screen, &client));
    press(&mut screen, &client, Key::PageDown);
    assert_eq!(
        screen.chosen(&client).unwrap().name.as_str(),
        format!("room-{rows}")
    );
    press(&mut screen, &client, Key::PageUp);
    let wheel = |notches| UiEvent::Wheel {
        x: 640.0,
        y: 400.0,
        notches,
    };
    act(&mut screen, &client, &wheel(2.0));
    assert_eq!(first_row(&screen), Some(6));
    assert_eq!(
        screen.chosen(&client).unwrap().name.as_str(),
        "room-0",
        "it stays"
    );
    act(&mut screen, &client, &wheel(-9.0));
    assert_eq!(first_row(&screen), Some(0));
    let bar = page(&screen, &client).area_of(Target::Scrollbar).unwrap();
    let (x, y) = (bar.middle(), bar.bottom() - 1.0);
    act(&mut screen, &client, &UiEvent::Click { x, y });
    assert_eq!(first_row(&screen), Some(109 - rows));
}

#[test]
fn the_filter_takes_text_and_says_how_many_rooms_it_leaves() {
    let client = many(109);
    let mut screen = LobbyScreen::default();
    update(&mut screen, &client, Instant::now());
    let texts = |screen: &LobbyScreen| -> Vec<String> {
        let items = page(screen, &client).items.into_iter();
        let texts = items.filter_map(|item| match item {
            crate::page::Item::Text { text, .. } => Some(text),
            _ => None,
        });
        texts.collect()
    };
    assert!(texts(&screen).contains(&"1 of 109".to_owned()));
    assert!(!screen.takes_text());
    act(&mut screen, &client, &UiEvent::Command(Command::Filter));
    assert!(screen.takes_text());
    act(&mut screen, &client, &UiEvent::Text("M-10".to_owned()));
    assert_eq!(screen.chosen(&client).unwrap().name.as_str(), "room-10");
    assert!(texts(&screen).contains(&"1 of 10 (109 in all)".to_owned()));
    press(&mut screen, &client, Key::Down);
    assert_eq!(press(&mut screen, &client, Key::Enter), join("room-100"));
    press(&mut screen, &client, Key::Escape);
    assert_eq!(
        (screen.rooms(&client).len(), screen.takes_text()),
        (109, false)
    );
    assert_eq!(screen.chosen(&client).unwrap().name.as_str(), "room-100");
}

#[test]
fn an_error_goes_with_its_cause_or_after_a_while() {
    let start = Instant::now();
    let mut client = in_lobby(&ROOMS);
    let mut screen = with_choice(&client, "race-3");
    screen.refuse("room race-3 is full", &client, start);
    update(&mut screen, &client, start + Duration::from_secs(2));
    assert!(screen.error().is_some());
    let mut later = screen.clone();
    update(&mut later, &client, start + ERROR_SHOWN);
    assert_eq!(later.error(), None);
    list(&mut client, &[(1, "race-3", "racing"), ROOMS[1]]);
    update(&mut screen, &client, start + Duration::from_secs(3));
    assert_eq!(screen.error(), None);
    screen.refuse("room race-3 is full", &client, start);
    press(&mut screen, &client, Key::Down);
    assert_eq!(screen.error(), None, "another room is chosen");
}

#[test]
fn requests_the_list_every_second() {
    let client = in_lobby(&ROOMS);
    let start = Instant::now();
    let mut screen = LobbyScreen::default();
    let mut requests = 0;
    for frame in 0..180_u32 {
        let now = start + Duration::from_secs(3) * frame / 180;
        let request = with_client(&client, now, |context| screen.update(context));
        requests += u32::from(request.is_some());
    }
    assert_eq!(requests, 3);
}
