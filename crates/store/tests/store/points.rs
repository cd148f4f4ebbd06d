//! What a plant's points are: a new database learns them all, exactly as the layout book has them.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use gridos_journal::{Chunk, Frames, LayoutBook, StreamId, Tail};
use gridos_model::{Batch, Directory, DirectoryBuilder, Point, PointId, TimeQuality};
use gridos_store::{PostgresStore, Store};
use tempfile::TempDir;

use super::postgres::{config, rows};
use crate::support::contract::Kind;
use crate::support::fixture::at;
use crate::support::postgres::Cluster;

const PLACES: &str = "select layout.id, device.name, position, point.id, point.name, unit \
     from layout_point join layout on layout.id = layout join point on point.id = point \
     join device on device.id = layout.device and device.id = point.device";

/// Devices of so many points each, all read together, and the first and the last of them apart as well.
struct Plant {
    directory: Directory,
    book: LayoutBook,
    _dir: TempDir,
}

impl Plant {
    fn new(sizes: &[usize], unit: &str) -> Self {
        let mut builder = DirectoryBuilder::default();
        for (device, points) in sizes.iter().enumerate() {
            let named = (0..*points).map(|nth| Point::new(&format!("p{nth}"), unit));
            let apart = [0..1, points - 1..*points];
            let name = format!("plant.d{device}");
            builder.add(&name, named.collect(), &apart).unwrap();
        }
        let directory = builder.build();
        let dir = TempDir::new().unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        book.add(directory.layouts().map(AsRef::as_ref)).unwrap();
        Self {
            directory,
            book,
            _dir: dir,
        }
    }

    /// The beginning of a journal: a sweep of each layout.
    fn chunk(&self) -> Chunk {
        let (mut frames, mut batch) = (Frames::new(0, Tail::default()), Batch::default());
        for layout in self.directory.layouts() {
            batch.start_sweep(layout, at(0), TimeQuality::Synchronised, at(0));
            batch.extend((0..layout.len()).map(|_| 1.5));
            frames.append_readings(&batch.readings().unwrap());
        }
        let mut chunk = Chunk::default();
        chunk.load(&frames);
        chunk
    }

    async fn write(&self, store: &dyn Store, stream: u64) {
        let stream = StreamId::from_raw(stream);
        let written = store.write(stream, &self.chunk(), &self.book).await;
        written.unwrap();
    }

    /// What [`PLACES`] must answer, if no point's unit is another than the book's.
    fn places(&self) -> BTreeSet<String> {
        let mut places = BTreeSet::new();
        for id in self.book.ids() {
            let layout = self.book.find(id).unwrap().unwrap();
            for (position, (name, unit)) in layout.points.iter().enumerate() {
                let point = PointId::of(&layout.device, name).as_i64();
                let (id, device) = (layout.id.as_i64(), &layout.device);
                places.insert(format!(
                    "{id}|{device}|{position}|{point}|{device}.{name}|{unit}"
                ));
            }
        }
        places
    }

    /// That the database has what the book says, and nothing else.
    async fn is_known_in(&self, cluster: &Cluster, name: &str) {
        let places = rows(cluster, name, PLACES).await;
        let expected = self.places();
        assert_eq!(places.len(), expected.len(), "{name}");
        assert!(expected == places.into_iter().collect(), "{name}");
        let points = self.directory.devices().iter().map(|d| d.whole().len());
        let counts = "select (select count(*) from device), (select count(*) from point), \
                      (select count(*) from layout), (select count(*) from layout_point)";
        let expected = format!(
            "{}|{}|{}|{}",
            self.directory.devices().len(),
            points.sum::<usize>(),
            self.book.count(),
            expected.len()
        );
        assert_eq!(rows(cluster, name, counts).await, [expected], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_learns_what_the_book_says() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    a_plant_is_known_exactly(&cluster).await;
    several_engines_make_it_known_at_once(&cluster).await;
    a_connection_breaks_in_the_middle(&cluster).await;
    units_are_those_of_last(&cluster).await;
    what_is_known_is_not_touched(&cluster).await;
    a_known_device_gets_more_points(&cluster).await;
    what_an_owner_left_is_taken_up(&cluster).await;
}

async fn open(cluster: &Cluster, name: &str, connections: u16) -> PostgresStore {
    let mut config = config(cluster, name);
    config.connections = connections;
    let store = PostgresStore::new(config);
    store.migrate().await.unwrap();
    store
}

async fn a_plant_is_known_exactly(cluster: &Cluster) {
    let plant = Plant::new(&[5_000, 2, 40, 40, 200], "A");
    for connections in [1, 3] {
        let name = format!("plant{connections}");
        cluster.create(&name).await;
        let store = open(cluster, &name, connections).await;
        plant.write(&store, 1).await;
        plant.is_known_in(cluster, &name).await;
    }
}

async fn several_engines_make_it_known_at_once(cluster: &Cluster) {
    cluster.create("together").await;
    let plant = Plant::new(&[300; 60], "A");
    let opening = (0..4).map(|_| open(cluster, "together", 2));
    let stores = join_all(opening.collect::<Vec<_>>()).await;
    let writing = (1..).zip(&stores);
    let writing = writing.map(|(stream, store)| plant.write(store, stream));
    join_all(writing.collect::<Vec<_>>()).await;
    plant.is_known_in(cluster, "together").await;
    let sweeps = format!("{}", 4 * plant.directory.layouts().count());
    let counted = "select count(*) from sweep";
    assert_eq!(rows(cluster, "together", counted).await, [sweeps]);
}

async fn a_connection_breaks_in_the_middle(cluster: &Cluster) {
    cluster.create("broken").await;
    let store = open(cluster, "broken", 1).await;
    let plant = Plant::new(&[50; 20], "A");
    let strike = "create function strike() returns trigger language plpgsql as \
                  'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'; \
                  create trigger strike after insert on layout_point execute function strike()";
    rows(cluster, "broken", strike).await;
    let (stream, chunk) = (StreamId::from_raw(1), plant.chunk());
    let broken = store.write(stream, &chunk, &plant.book).await;
    assert!(broken.is_err(), "{broken:?}");
    let none =
        "select count(*) from (select id from point union all select id from device) as known";
    assert_eq!(rows(cluster, "broken", none).await, ["0"]);
    rows(cluster, "broken", "drop trigger strike on layout_point").await;
    plant.write(&store, 1).await;
    plant.is_known_in(cluster, "broken").await;
}

async fn units_are_those_of_last(cluster: &Cluster) {
    cluster.create("units").await;
    let units = "select distinct unit from point";
    for (stream, unit) in (1..).zip(["A", "kA", "A"]) {
        let plant = Plant::new(&[30; 10], unit);
        let store = open(cluster, "units", 1).await;
        plant.write(&store, stream).await;
        assert_eq!(rows(cluster, "units", units).await, [unit]);
    }
    let points = "select count(*) from point";
    assert_eq!(rows(cluster, "units", points).await, ["300"]);
}

async fn what_is_known_is_not_touched(cluster: &Cluster) {
    cluster.create("untouched").await;
    let plant = Plant::new(&[30; 10], "A");
    for stream in [1, 2] {
        let store = open(cluster, "untouched", 1).await;
        plant.write(&store, stream).await;
    }
    let locked = "select count(*) from point where xmax <> 0";
    assert_eq!(rows(cluster, "untouched", locked).await, ["0"]);
    plant.is_known_in(cluster, "untouched").await;
}

async fn a_known_device_gets_more_points(cluster: &Cluster) {
    cluster.create("grown").await;
    let store = open(cluster, "grown", 1).await;
    Plant::new(&[10, 10], "A").write(&store, 1).await;
    let grown = Plant::new(&[10, 15, 5], "A");
    grown.write(&store, 2).await;
    // The book of the second stream is another's: what only the first has stays, too.
    let points = "select count(*), count(distinct name) from point";
    assert_eq!(rows(cluster, "grown", points).await, ["30|30"]);
    let places: BTreeSet<_> = rows(cluster, "grown", PLACES).await.into_iter().collect();
    assert!(grown.places().is_subset(&places));
}

async fn what_an_owner_left_is_taken_up(cluster: &Cluster) {
    cluster.create("remains").await;
    let plant = Plant::new(&[30; 10], "A");
    plant.write(&open(cluster, "remains", 1).await, 1).await;
    let deleted = [
        "delete from layout",
        "delete from device",
        "delete from point where name like '%.p7'",
        "delete from layout_point where position = 3",
    ];
    for delete in deleted {
        rows(cluster, "remains", delete).await;
    }
    plant.write(&open(cluster, "remains", 1).await, 2).await;
    plant.is_known_in(cluster, "remains").await;
}
