use super::*;
use crate::Point;

fn points(names: &[&str]) -> Vec<Point> {
    names.iter().map(|name| Point::new(name, "A")).collect()
}

#[test]
fn points_are_found_by_name_and_by_index() {
    let mut builder = DirectoryBuilder::default();
    builder
        .add("sub1.feeder-01", points(&["ia", "ib"]), &[0..1, 1..2])
        .unwrap();
    builder
        .add("sub1.feeder-02", points(&["ia", "ib", "ic"]), &[0..1, 1..3])
        .unwrap();
    let directory = builder.build();
    let at = directory.find_point("sub1.feeder-02.ic").unwrap();
    assert_eq!(
        (at.device, at.position, at.index.get()),
        (DeviceIndex(1), 2, 4)
    );
    assert_eq!(directory.locate(at.index), Some(at));
    assert_eq!(directory.point_name(at.index).unwrap(), "sub1.feeder-02.ic");
    assert_eq!(directory.find_point("sub1.feeder-03.ic"), None);
    assert_eq!(directory.locate(PointIndex::new(5)), None);
    let groups = directory.device(at.device).groups();
    assert_eq!(groups[1].first().get(), 3);
    assert_eq!(groups[1].points()[1].name(), "ic");
}

#[test]
fn a_group_of_all_points_is_the_whole_layout() {
    let whole = std::iter::once(0..2).collect::<Vec<_>>();
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", points(&["a", "b"]), &whole).unwrap();
    let directory = builder.build();
    let device = directory.device(device);
    assert_eq!(device.whole().id(), device.groups()[0].id());
}

#[test]
fn a_changed_map_is_another_layout() {
    let id = |names: &[&str]| {
        let mut builder = DirectoryBuilder::default();
        let device = builder.add("d", points(names), &[]).unwrap();
        builder.build().device(device).whole().id()
    };
    assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
    assert_ne!(id(&["a", "b"]), id(&["b", "a"]));
    assert_ne!(id(&["a", "b"]), id(&["ab"]));
}

#[test]
fn ambiguous_names_are_refused() {
    let mut builder = DirectoryBuilder::default();
    let twice = builder.add("d", points(&["a", "a"]), &[]).unwrap_err();
    assert_eq!(twice.to_string(), "device 'd' has two points named 'a'");
    let mut builder = DirectoryBuilder::default();
    builder.add("d", points(&["a"]), &[]).unwrap();
    let twice = builder.add("d", points(&["b"]), &[]).unwrap_err();
    assert_eq!(twice.to_string(), "device 'd' is named twice");
    let group = builder
        .add("e", points(&["b"]), std::slice::from_ref(&(0..2)))
        .unwrap_err();
    assert!(matches!(group, DirectoryError::Group { .. }));
    assert!(matches!(
        builder.add("f", vec![], &[]),
        Err(DirectoryError::PointCount { .. })
    ));
}

/// A generation with these devices, each with its points, after `earlier`.
fn after(earlier: &Directory, devices: &[(&str, &[&str])]) -> Directory {
    let mut builder = DirectoryBuilder::after(earlier);
    for (name, names) in devices {
        builder
            .add(name, points(names), std::slice::from_ref(&(0..1)))
            .unwrap();
    }
    builder.build()
}

#[test]
fn another_generation_keeps_what_stays_and_moves_what_has_other_points() {
    let nothing = Directory::default();
    let first = after(
        &nothing,
        &[("a", &["x", "y"]), ("b", &["x"]), ("c", &["x"])],
    );
    let second = after(
        &first,
        &[("d", &["x"]), ("b", &["x", "z"]), ("a", &["x", "y"])],
    );
    let index = |directory: &Directory, name: &str| {
        let found = directory.find_point(name);
        found.map(|at| (at.device.get(), at.index.get()))
    };
    // Untouched, down to the very layouts.
    assert_eq!(index(&second, "a.y"), index(&first, "a.y"));
    let (of_first, of_second) = (&first.devices()[0], &second.devices()[0]);
    assert!(Arc::ptr_eq(of_first.whole(), of_second.whole()));
    assert!(Arc::ptr_eq(&of_first.groups()[0], &of_second.groups()[0]));
    // Changed, gone and new.
    assert_eq!(index(&second, "d.x"), Some((3, 4)));
    assert_eq!(index(&second, "b.x"), Some((1, 5)));
    assert_eq!(
        (index(&second, "c.x"), second.find_device("c")),
        (None, None)
    );
    let names: Vec<_> = second.present().map(|(_, entry)| entry.name()).collect();
    assert_eq!(names, ["a", "b", "d"]);
    let counts = (
        second.device_count(),
        second.present_points(),
        second.point_count(),
    );
    assert_eq!(counts, (3, 5, 7));
    let located = [0, 1, 2, 3, 4, 5, 6, 7].map(|at| second.point_name(PointIndex::new(at)));
    let expected = [
        Some("a.x"),
        Some("a.y"),
        None,
        None,
        Some("d.x"),
        Some("b.x"),
        Some("b.z"),
        None,
    ];
    assert_eq!(located, expected.map(|name| name.map(str::to_owned)));
    assert_eq!(second.left_since(&first), [2..3, 3..4]);
    // What comes back has its old place.
    let third = after(&second, &[("c", &["x"]), ("a", &["y", "x"])]);
    assert_eq!(index(&third, "c.x"), index(&first, "c.x"));
    assert_eq!(index(&third, "a.y"), Some((0, 7)));
    assert_eq!(third.layouts().count(), 4);
}
