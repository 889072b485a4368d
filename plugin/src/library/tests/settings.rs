use super::super::{Choice, Kind, Mark, Order};
use super::*;
use crate::amp::ContentHash;

/// Waits until what was changed can be read by somebody else.
fn written(place: &Place, done: impl Fn(&super::super::Settings) -> bool) {
    until("the settings file", || done(&place.other().read_settings()));
}

#[test]
fn what_was_set_up_is_read_again() {
    let place = Place::new();
    let hash = Some(ContentHash::of(b"content"));
    let odd = place.files().join("odd: \"name\" # 'x'\n- y.nam");
    let star = Mark { kind: Kind::Model, choice: Choice::file(&odd), hash };
    let factory = Mark { kind: Kind::Response, choice: Choice::Factory(2), hash: None };
    place.library.add_folder(place.files());
    place.library.star(star.clone(), true);
    place.library.star(factory.clone(), true);
    place.library.played(star.clone());
    place.library.set_order(Order::Newest);
    written(&place, |settings| settings.order == Order::Newest);
    let settings = place.other().read_settings();
    assert_eq!(settings.folders().collect::<Vec<_>>(), [place.files()]);
    assert_eq!((&settings.favourites, &settings.recents), (&vec![star.clone(), factory], &vec![star]));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_unicode_is_kept() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new();
    let path: PathBuf = std::ffi::OsString::from_vec(b"/amps/b\xf6se.nam".to_vec()).into();
    place.library.star(mark(&path), true);
    written(&place, |settings| settings.is_favourite(&mark(&path)));
}

#[test]
fn two_processes_add_to_what_the_other_wrote() {
    let place = Place::new();
    let other = place.other();
    other.read_settings();
    place.library.add_folder("/one".into());
    written(&place, |settings| settings.folders().count() == 1);
    // It read the file before the first one wrote it.
    other.add_folder("/two".into());
    written(&place, |settings| settings.folders().count() == 2);
    place.library.remove_folder(Path::new("/one"));
    written(&place, |settings| settings.folders().eq([Path::new("/two")]));
}

#[test]
fn looking_never_brings_back_what_was_before_a_change() {
    let place = Place::new();
    place.scan();
    for i in 0..200 {
        let star = mark(&place.files().join(format!("{i}.nam")));
        place.library.look(true);
        place.library.star(star.clone(), true);
        for _ in 0..20 {
            assert!(place.library.settings().is_favourite(&star), "{i}");
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

#[test]
fn many_writers_lose_nothing() {
    let place = Place::new();
    let libraries: Vec<_> = (0..4).map(|_| place.other()).collect();
    std::thread::scope(|scope| {
        for (writer, library) in libraries.iter().enumerate() {
            scope.spawn(move || {
                for i in 0..10 {
                    library.star(mark(Path::new(&format!("/{writer}/{i}.nam"))), true);
                }
            });
        }
    });
    written(&place, |settings| settings.favourites.len() == 40);
}

#[test]
fn a_damaged_file_is_kept_aside_and_said() {
    for damaged in ["folders: [", "folders: 7", "- a\n- b", "", "favourites: 3"] {
        let place = Place::new();
        std::fs::create_dir_all(place.config()).unwrap();
        std::fs::write(place.config().join("library.yaml"), damaged).unwrap();
        place.library.read_settings();
        let notes = place.library.snapshot().notes;
        assert!(notes.len() == 1 && notes[0].contains("library.damaged-1.yaml"), "{damaged}: {notes:?}");
        place.library.add_folder("/new".into());
        written(&place, |settings| settings.folders().count() == 1);
        let aside = std::fs::read_to_string(place.config().join("library.damaged-1.yaml")).unwrap();
        assert_eq!(aside, damaged);
    }
}

#[test]
fn a_file_damaged_while_we_run_costs_nothing() {
    let place = Place::new();
    place.library.star(mark(Path::new("/a.nam")), true);
    written(&place, |settings| settings.favourites.len() == 1);
    std::fs::write(place.config().join("library.yaml"), b"\xff\xfe\x00").unwrap();
    place.library.star(mark(Path::new("/b.nam")), true);
    written(&place, |settings| settings.favourites.len() == 2);
}

#[test]
fn what_cannot_be_read_is_not_written_over() {
    let place = Place::new();
    // A folder of the file's name: neither read nor replaced.
    std::fs::create_dir_all(place.config().join("library.yaml")).unwrap();
    place.library.add_folder("/new".into());
    until("the note", || place.library.snapshot().notes.iter().any(|note| note.contains("library.yaml")));
    assert!(place.config().join("library.yaml").is_dir());
    assert_eq!(place.library.settings().folders().count(), 1, "it lasts while the window is open");
}

#[test]
fn what_a_later_version_wrote_stays() {
    let place = Place::new();
    std::fs::create_dir_all(place.config()).unwrap();
    let later = "folders:\n- /a\ncolours: [red, {deep: true}]\n";
    std::fs::write(place.config().join("library.yaml"), later).unwrap();
    place.library.add_folder("/b".into());
    written(&place, |settings| settings.folders().count() == 2);
    let settings = place.other().read_settings();
    assert_eq!(settings.others["colours"], serde_json::json!(["red", { "deep": true }]));
}

#[test]
fn what_a_later_version_wrote_among_the_rest_stays_in_its_place() {
    let place = Place::new();
    std::fs::create_dir_all(place.config()).unwrap();
    let later = "folders: [/a, {cloud: 7}]\nfavourites:\n- {kind: tuba, file: /t.tuba}\n- {kind: model, file: /a.nam, colour: red}\n\
                 recents:\n- {kind: model, radio: 98.5}\n- {kind: model, file: /a.nam}\norder: loudest\n";
    let file = place.config().join("library.yaml");
    std::fs::write(&file, later).unwrap();
    place.library.read_settings();
    assert_eq!(place.library.snapshot().notes, Vec::<String>::new());
    let (one, two) = (mark(Path::new("/a.nam")), mark(Path::new("/b.nam")));
    let settings = place.library.settings();
    assert_eq!((&settings.favourites, &settings.recents), (&vec![one.clone()], &vec![one.clone()]));
    place.library.star(two.clone(), true);
    place.library.played(two.clone());
    written(&place, |settings| settings.recents == [two.clone(), one.clone()]);
    let read =
        || serde_saphyr::from_str::<serde_json::Value>(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let expected = serde_json::json!({
        "folders": ["/a", { "cloud": 7 }],
        "favourites": [
            { "kind": "tuba", "file": "/t.tuba" },
            { "kind": "model", "file": "/a.nam", "colour": "red" },
            { "kind": "model", "file": "/b.nam" },
        ],
        "recents": [
            { "kind": "model", "radio": 98.5 },
            { "kind": "model", "file": "/b.nam" },
            { "kind": "model", "file": "/a.nam" },
        ],
        "order": "loudest",
    });
    assert_eq!(read(), expected);
    // What is chosen now replaces what was not understood.
    place.library.set_order(Order::Newest);
    written(&place, |settings| settings.order == Order::Newest);
    assert_eq!(read()["order"], "newest");
}

#[test]
fn only_the_latest_are_recent_and_each_once() {
    let place = Place::new();
    for i in 0..60 {
        place.library.played(mark(Path::new(&format!("/{}.nam", i % 55))));
    }
    let recents = &place.library.settings().recents;
    assert_eq!(recents.len(), 50);
    assert_eq!((&recents[0], &recents[4]), (&mark(Path::new("/4.nam")), &mark(Path::new("/0.nam"))));
}
