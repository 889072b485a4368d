use super::super::{Kind, Order, Query, Scope, Settings, search};
use super::*;
use shared::model::Card;
use std::time::SystemTime;

fn model(path: &str, name: &str, gear: &str, author: &str) -> Arc<Entry> {
    let card = Card { name: name.into(), gear: gear.into(), author: author.into(), ..Card::default() };
    let facts = super::super::ModelFacts { card, ..Default::default() };
    let reading = Reading::Ready(Facts::Model(Box::new(facts)));
    let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(name.len() as u64));
    Arc::new(Entry::of_file(Path::new(path), Kind::Model, (1, modified), reading, None))
}

fn shelf() -> Vec<Arc<Entry>> {
    vec![
        model("/amps/fender/twin 10.nam", "Twin 10", "Fender Twin Reverb", "Ann"),
        model("/amps/fender/twin 2.nam", "Twin 2", "Fender Twin Reverb", "Bob"),
        model("/amps/marshall/plexi.nam", "Plexi bright", "Marshall 1959", "Ann"),
        model("/amps/marshall/800.nam", "Lead", "Marshall JCM800 plexi mod", "Fender, Jim"),
        model("/more/Brightest.nam", "Brightest", "", ""),
    ]
}

fn names(settings: &Settings, scope: Scope, text: &str) -> Vec<String> {
    let query = Query { kind: Kind::Model, scope, text: text.into() };
    search(&shelf(), settings, &query).iter().map(|entry| entry.name.clone()).collect()
}

#[test]
fn words_are_found_in_any_order_and_the_best_comes_first() {
    let find = |text| names(&Settings::default(), Scope::All, text);
    assert_eq!(find("reverb TWIN"), ["Twin 2", "Twin 10"]);
    assert_eq!(find("twin reverb bob"), ["Twin 2"]);
    // In the name before in the gear, in the gear and the folder before in the author.
    assert_eq!(find("plexi"), ["Plexi bright", "Lead"]);
    assert_eq!(find("fender"), ["Twin 2", "Twin 10", "Lead"]);
    // At the beginning of a name before further in.
    assert_eq!(find("bright"), ["Brightest", "Plexi bright"]);
    assert_eq!(find("800.nam"), ["Lead"]);
    assert!(find("twin marshall").is_empty());
}

#[test]
fn without_words_the_order_is_the_player_s() {
    let order = |order| names(&Settings { order, ..Settings::default() }, Scope::All, "");
    assert_eq!(order(Order::Name), ["Brightest", "Lead", "Plexi bright", "Twin 2", "Twin 10"]);
    assert_eq!(order(Order::Folder), ["Twin 2", "Twin 10", "Lead", "Plexi bright", "Brightest"]);
    assert_eq!(order(Order::Newest), ["Plexi bright", "Brightest", "Twin 10", "Twin 2", "Lead"]);
}

#[test]
fn scopes_narrow() {
    let star = |path: &str| mark(Path::new(path));
    let settings = Settings {
        favourites: vec![star("/amps/marshall/800.nam")],
        recents: vec![star("/more/Brightest.nam"), star("/amps/fender/twin 2.nam")],
        ..Settings::default()
    };
    assert_eq!(names(&settings, Scope::Favourites, ""), ["Lead"]);
    assert_eq!(names(&settings, Scope::Recent, ""), ["Brightest", "Twin 2"]);
    assert_eq!(names(&settings, Scope::folder("/amps/fender"), ""), ["Twin 2", "Twin 10"]);
    assert!(names(&settings, Scope::folder("/amps/fend"), "").is_empty());
    assert!(names(&settings, Scope::Factory, "").is_empty());
    assert_eq!(names(&settings, Scope::Favourites, "fender"), ["Lead"]);
}

#[test]
fn a_star_follows_a_file_that_was_moved() {
    let place = Place::new();
    let before = place.model("a/mine.nam", 1);
    place.scan();
    place.library.star(entry(&place.library.snapshot(), &before).mark(), true);
    let after = place.files().join("renamed.nam");
    std::fs::rename(&before, &after).unwrap();
    place.library.look(true);
    let snapshot = settled(&place.library);
    let query = Query { kind: Kind::Model, scope: Scope::Favourites, text: String::new() };
    let found = search(&snapshot.entries, &place.library.settings(), &query);
    let paths: Vec<_> = found.iter().map(|entry| entry.choice.path().unwrap()).collect();
    assert_eq!(paths, [after], "once, and not as gone");
}

/// A star may be quicker than the thread that reads: what is in the file is learnt afterwards.
#[test]
fn a_star_that_was_given_before_the_file_was_read_follows_it_too() {
    let place = Place::new();
    let before = place.model("a/mine.nam", 1);
    place.library.star(mark(&before), true);
    place.scan();
    until("the content", || place.library.settings().favourites.iter().all(|mark| mark.hash.is_some()));
    let after = place.files().join("renamed.nam");
    std::fs::rename(&before, &after).unwrap();
    place.library.look(true);
    let snapshot = settled(&place.library);
    let query = Query { kind: Kind::Model, scope: Scope::Favourites, text: String::new() };
    let found = search(&snapshot.entries, &place.library.settings(), &query);
    assert!(found.iter().any(|entry| entry.choice.path() == Some(&after)), "{found:?}");
}

#[test]
fn recordings_are_left_out() {
    let place = Place::new();
    let cab = place.response("cab.wav", 0.1);
    place.response("song.wav", 12.0);
    let snapshot = place.scan();
    let query = Query { kind: Kind::Response, scope: Scope::folder(place.files()), text: String::new() };
    let found = search(&snapshot.entries, &Settings::default(), &query);
    assert_eq!(found.iter().map(|entry| entry.choice.path().unwrap()).collect::<Vec<_>>(), [cab]);
}
