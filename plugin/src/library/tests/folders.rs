use super::super::walk::Limits;
use super::*;

#[test]
fn reads_what_files_are() {
    let place = Place::new();
    let model = place.model("deep/er/mine.nam", 1);
    let response = place.response("cab.WAV", 0.25);
    let recording = place.response("song.wav", 11.0);
    let broken = place.files().join("broken.nam");
    std::fs::write(&broken, b"{\"version\": 1").unwrap();
    std::fs::write(place.files().join("notes.txt"), b"x").unwrap();
    std::fs::write(place.files().join(".hidden.nam"), b"x").unwrap();
    let snapshot = place.scan();
    assert_eq!(files(&snapshot).len(), 4);
    let Reading::Ready(Facts::Model(facts)) = &entry(&snapshot, &model).reading else { panic!() };
    assert_eq!((facts.card.name.as_str(), facts.card.sample_rate_hz), ("Model 1", 48_000.0));
    assert!(facts.architecture.contains("WaveNet") && facts.weights.is_some());
    assert_eq!(entry(&snapshot, &model).folder, "er");
    let Reading::Ready(Facts::Response(facts)) = &entry(&snapshot, &response).reading else { panic!() };
    assert_eq!((facts.seconds, facts.channels, facts.sample_rate_hz), (Some(0.25), 1, 8_000.0));
    assert!(entry(&snapshot, &recording).is_recording() && !entry(&snapshot, &response).is_recording());
    let Reading::Refused(why) = &entry(&snapshot, &broken).reading else { panic!() };
    assert!(why.contains("JSON") || why.contains("EOF"), "{why}");
    let factory = snapshot.entries.len() - files(&snapshot).len();
    assert_eq!(factory, MODELS.len() + shared::cabinets::CABINETS.len());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_end() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    let model = place.model("a/b/mine.nam", 1);
    symlink(place.files(), place.files().join("a/b/up")).unwrap();
    symlink("self", place.files().join("self")).unwrap();
    symlink("/nowhere.nam", place.files().join("dangling.nam")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::copy(&model, outside.path().join("far.nam")).unwrap();
    symlink(outside.path(), place.files().join("linked")).unwrap();
    let snapshot = place.scan();
    let mut paths: Vec<_> = files(&snapshot).iter().map(|entry| entry.choice.path().unwrap()).collect();
    paths.sort();
    assert_eq!(paths, [model, place.files().join("linked/far.nam")]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_unicode_is_listed() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new();
    let plain = place.model("plain.nam", 1);
    let odd = place.files().join(std::ffi::OsString::from_vec(b"b\xf6se.nam".to_vec()));
    std::fs::rename(plain, &odd).unwrap();
    assert!(matches!(entry(&place.scan(), &odd).reading, Reading::Ready(_)));
}

#[test]
fn limits_hold_and_are_told() {
    for (limits, shown) in [
        (Limits { files: 3, ..Limits::USUAL }, 3),
        (Limits { depth: 1, ..Limits::USUAL }, 2),
        (Limits { names: 1, ..Limits::USUAL }, 0),
    ] {
        let mut place = Place::new();
        for name in ["a.wav", "x/b.wav", "x/y/c.wav", "x/y/d.wav", "x/y/z/e.wav"] {
            place.response(name, 0.01);
        }
        place.library = Library::with_limits(Some(place.config()), None, limits);
        let snapshot = place.scan();
        assert!(files(&snapshot).len() <= shown, "{limits:?}");
        assert!(shown == 0 || files(&snapshot).len() == shown, "{limits:?}");
        assert!(snapshot.notes.iter().any(|note| note.contains("larger")), "{:?}", snapshot.notes);
    }
}

#[test]
fn a_folder_that_is_gone_is_told_and_stays() {
    let place = Place::new();
    let gone = place.folder.path().join("unplugged");
    place.library.add_folder(gone.clone());
    let snapshot = place.scan();
    assert!(snapshot.notes.iter().any(|note| note.contains("unplugged")), "{:?}", snapshot.notes);
    assert!(place.library.settings().folders().any(|folder| folder == gone));
}

#[test]
fn changes_on_disk_show_at_the_next_look() {
    let place = Place::new();
    let (first, second) = (place.model("1.nam", 1), place.model("2.nam", 2));
    let before = place.scan();
    std::fs::remove_file(&first).unwrap();
    let third = place.model("3.nam", 3);
    std::fs::write(&second, b"{}").unwrap();
    place.library.look(true);
    let after = settled(&place.library);
    assert_eq!(files(&before).len(), 2);
    assert_eq!(files(&after).len(), 2);
    assert!(matches!(entry(&after, &third).reading, Reading::Ready(_)));
    assert!(matches!(entry(&after, &second).reading, Reading::Refused(_)));
}

#[test]
fn what_was_read_is_not_read_again() {
    let place = Place::new();
    let path = place.model("mine.nam", 1);
    let before = place.scan();
    // Same size and time, other content: only who reads it would notice.
    let metadata = std::fs::metadata(&path).unwrap();
    std::fs::write(&path, vec![b' '; metadata.len() as usize]).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(metadata.modified().unwrap()).unwrap();
    until("the cache", || place.folder.path().join("cache/library-cache.json").exists());
    let other = place.other();
    other.look(true);
    assert_eq!(entry(&settled(&other), &path), entry(&before, &path));
    std::fs::write(place.folder.path().join("cache/library-cache.json"), b"{]").unwrap();
    let third = place.other();
    third.look(true);
    assert!(matches!(entry(&settled(&third), &path).reading, Reading::Refused(_)));
}

#[test]
fn a_star_outside_of_all_folders_is_listed_and_one_that_is_gone_too() {
    let place = Place::new();
    let (here, gone) = (place.model("here.nam", 1), place.files().join("gone.nam"));
    place.library.star(mark(&here), true);
    place.library.star(mark(&gone), true);
    place.library.look(true);
    let snapshot = settled(&place.library);
    assert!(matches!(entry(&snapshot, &here).reading, Reading::Ready(_)));
    let Reading::Refused(why) = &entry(&snapshot, &gone).reading else { panic!() };
    assert!(why.contains("no longer there"), "{why}");
}
