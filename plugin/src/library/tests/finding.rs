use super::super::Kind;
use super::*;
use crate::amp::ContentHash;

#[test]
fn a_file_is_found_by_what_is_in_it() {
    let place = Place::new();
    let mine = place.model("old.nam", 1);
    place.model("other.nam", 2);
    let bytes = std::fs::read(&mine).unwrap();
    let (hash, size) = (ContentHash::of(&bytes), Some(bytes.len() as u64));
    place.library.add_folder(place.files());
    let moved = place.files().join("deep/new name.nam");
    std::fs::create_dir(moved.parent().unwrap()).unwrap();
    std::fs::rename(&mine, &moved).unwrap();
    assert_eq!(place.library.find_by_hash(hash, "old.nam", size, &|| true), Some(moved.clone()));
    assert_eq!(place.library.find_by_hash(ContentHash::of(b"else"), "old.nam", size, &|| true), None);
    // Another process that has read nothing, and no size: by name alone.
    assert_eq!(Place::new().library.find_by_hash(hash, "old.nam", size, &|| true), None);
    assert_eq!(place.library.find_by_hash(hash, "new name.nam", None, &|| true), Some(moved));
}

#[test]
fn the_same_name_is_no_proof() {
    let place = Place::new();
    let one = place.model("a/amp.nam", 1);
    let two = place.model("b/amp.nam", 2);
    place.library.add_folder(place.files());
    for path in [&one, &two] {
        let hash = ContentHash::of(&std::fs::read(path).unwrap());
        assert_eq!(place.library.find_by_hash(hash, "amp.nam", None, &|| true).as_ref(), Some(path));
    }
    let newer = std::fs::File::options().write(true).open(&one).unwrap();
    newer.set_modified(std::time::SystemTime::now() + Duration::from_secs(60)).unwrap();
    assert_eq!(place.library.find_by_name("AMP.nam", Kind::Model, &|| true), Some(one));
    assert_eq!(place.library.find_by_name("amp.nam", Kind::Response, &|| true), None);
}

#[test]
fn what_was_played_from_outside_is_found_too() {
    let place = Place::new();
    let path = place.model("x.nam", 1);
    place.library.played(mark(&path));
    let hash = ContentHash::of(&std::fs::read(&path).unwrap());
    assert_eq!(place.library.find_by_hash(hash, "x.nam", None, &|| true), Some(path));
}
