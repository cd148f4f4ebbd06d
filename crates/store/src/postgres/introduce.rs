//! Making the layouts of the book known.
//!
//! A plant of millions of points that meets a new database must not wait for it long: points of
//! devices that nobody knew, and places of layouts that nobody knew, are copied, for nobody can have
//! put them there.

use std::collections::{BTreeMap, HashSet};

use bytes::{BufMut, BytesMut};
use gridos_journal::{LayoutBook, LayoutDefinition};
use gridos_model::{DeviceId, LayoutId, PointId};
use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::copy;
use super::rows::{put_string, text};
use crate::StoreError;
use crate::introduction::{Portions, unseen};

const COPY_POINTS: &str = "copy point (id, device, name, unit) from stdin (format binary)";
const COPY_PLACES: &str = "copy layout_point (layout, position, point) from stdin (format binary)";
/// Locks what it changes and nothing else, in the order of ids.
const AMEND: &str = "insert into point (id, device, name, unit) select given.* \
     from unnest($1::int8[], $2::int8[], $3::text[], $4::text[]) as given (id, device, name, unit) \
     left join point on point.id = given.id \
     where point.id is null or point.unit <> given.unit order by given.id \
     on conflict (id) do update set unit = excluded.unit where point.unit <> excluded.unit";
/// Whether there is something of new devices or new layouts.
const LEFT: &str = "select exists (select from point where device = any($1)) \
     or exists (select from layout_point where layout = any($2))";
const ADD_PLACES: &str = "insert into layout_point (layout, position, point) \
     select * from unnest($1::int8[], $2::int4[], $3::int8[]) on conflict do nothing";
/// No plan for [`AMEND`] is sensible but one look into the index for each point, and a table that grew
/// since it was looked at last lets the planner think otherwise.
const BEGIN: &str = "begin; set local plan_cache_mode = force_generic_plan; \
     set local enable_seqscan = off; set local enable_hashjoin = off; \
     set local enable_mergejoin = off";

/// Commits the layouts of `book` that the database has never seen, some at a time.
pub(crate) async fn layouts(
    connection: &mut Connection,
    book: &LayoutBook,
) -> Result<(), StoreError> {
    let ids = book.ids();
    let wanted: Vec<_> = ids.iter().map(|id| id.as_i64()).collect();
    let statement = connection
        .prepare("select id from layout where id = any($1)")
        .await?;
    let client = connection.client();
    let rows = connection
        .within(client.query(&statement, &[&wanted]))
        .await?;
    let stored: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
    these(connection, book, unseen(ids, &stored)).await
}

/// Commits some layouts of `book`, each portion on its own.
pub(crate) async fn these(
    connection: &mut Connection,
    book: &LayoutBook,
    ids: Vec<LayoutId>,
) -> Result<(), StoreError> {
    let mut portions = Portions::of(book, ids);
    while let Some(portion) = portions.take()? {
        connection.run(BEGIN).await?;
        introduce(connection, &portion).await?;
        connection.run("commit").await?;
    }
    Ok(())
}

/// How points and places come to where nobody is known to have put them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// At once: there are none.
    Copy,
    /// Some are there all the same: an owner deleted devices or layouts, and left what belongs to them.
    Amend,
}

/// How points of new devices and places of new layouts are put there.
async fn way(
    connection: &mut Connection,
    devices: &HashSet<i64>,
    layouts: &HashSet<i64>,
) -> Result<Way, StoreError> {
    let devices: Vec<_> = devices.iter().collect();
    let layouts: Vec<_> = layouts.iter().collect();
    let statement = connection.prepare(LEFT).await?;
    let columns: [&(dyn ToSql + Sync); 2] = [&devices, &layouts];
    let asking = connection.client().query_one(&statement, &columns);
    let found: bool = connection.within(asking).await?.get(0);
    Ok(if found { Way::Amend } else { Way::Copy })
}

/// Makes layouts known, with their devices and points. Ids are hashes of the content, so whoever
/// comes second has nothing to add, except a point's unit, which is not part of its id.
///
/// Devices come first and then layouts, each in the order of ids, so that engines that do the same
/// never wait for each other in a circle. Who has put a device or a layout there has to itself, until
/// the end of the transaction, what belongs to it.
async fn introduce(
    connection: &mut Connection,
    portion: &[LayoutDefinition],
) -> Result<(), StoreError> {
    let devices = put_devices(connection, portion).await?;
    let layouts = put_layouts(connection, portion).await?;
    let way = way(connection, &devices, &layouts).await?;
    let is_new = |layout: &LayoutDefinition| layouts.contains(&layout.id.as_i64());
    let (points, amended) = Point::sorted(portion, |layout| {
        way == Way::Copy && is_new(layout) && devices.contains(&device_of(layout))
    });
    copy::rows(connection, COPY_POINTS, points, Point::encode).await?;
    amend(connection, amended).await?;
    let mut places: Vec<_> = portion
        .iter()
        .filter(|l| is_new(l))
        .flat_map(places)
        .collect();
    places.sort_unstable();
    places.dedup();
    match way {
        Way::Copy => copy::rows(connection, COPY_PLACES, places, encode_place).await,
        Way::Amend => add_places(connection, &places).await,
    }
}

/// The devices that nobody knew.
async fn put_devices(
    connection: &mut Connection,
    portion: &[LayoutDefinition],
) -> Result<HashSet<i64>, StoreError> {
    let of = |layout: &LayoutDefinition| (device_of(layout), text(&layout.device));
    let rows: BTreeMap<_, _> = portion.iter().map(of).collect();
    let (ids, names): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let sql = "insert into device (id, name) select * from unnest($1::int8[], $2::text[]) \
               on conflict do nothing returning id";
    put(connection, sql, &[&ids, &names]).await
}

/// The layouts that nobody knew.
async fn put_layouts(
    connection: &mut Connection,
    portion: &[LayoutDefinition],
) -> Result<HashSet<i64>, StoreError> {
    let of = |layout: &LayoutDefinition| (layout.id.as_i64(), device_of(layout));
    let rows: BTreeMap<_, _> = portion.iter().map(of).collect();
    let (ids, devices): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let sql = "insert into layout (id, device) select * from unnest($1::int8[], $2::int8[]) \
               on conflict do nothing returning id";
    put(connection, sql, &[&ids, &devices]).await
}

/// Inserts rows and returns the ids of those that were not there.
async fn put(
    connection: &mut Connection,
    sql: &'static str,
    columns: &[&(dyn ToSql + Sync)],
) -> Result<HashSet<i64>, StoreError> {
    let statement = connection.prepare(sql).await?;
    let inserting = connection.client().query(&statement, columns);
    let rows = connection.within(inserting).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Puts points there that are not, and brings the units of the others up to date.
async fn amend(connection: &mut Connection, points: Vec<Point<'_>>) -> Result<(), StoreError> {
    if points.is_empty() {
        return Ok(());
    }
    let column = points.iter();
    let ids: Vec<_> = column.clone().map(|point| point.id).collect();
    let devices: Vec<_> = column.clone().map(|p| device_of(p.layout)).collect();
    let names: Vec<_> = column.clone().map(Point::name).collect();
    let units: Vec<_> = column.map(|point| text(point.unit)).collect();
    let statement = connection.prepare(AMEND).await?;
    let columns: [&(dyn ToSql + Sync); 4] = [&ids, &devices, &names, &units];
    let inserting = connection.client().execute(&statement, &columns);
    connection.within(inserting).await?;
    Ok(())
}

/// Puts places there that are not.
async fn add_places(
    connection: &mut Connection,
    places: &[(i64, i32, i64)],
) -> Result<(), StoreError> {
    let layouts: Vec<_> = places.iter().map(|(layout, ..)| *layout).collect();
    let positions: Vec<_> = places.iter().map(|(_, position, _)| *position).collect();
    let points: Vec<_> = places.iter().map(|(.., point)| *point).collect();
    let statement = connection.prepare(ADD_PLACES).await?;
    let columns: [&(dyn ToSql + Sync); 3] = [&layouts, &positions, &points];
    let inserting = connection.client().execute(&statement, &columns);
    connection.within(inserting).await?;
    Ok(())
}

/// A point of a layout.
#[derive(Clone, Copy)]
struct Point<'a> {
    id: i64,
    layout: &'a LayoutDefinition,
    local: &'a str,
    unit: &'a str,
}

impl<'a> Point<'a> {
    /// The points of some layouts in the order of ids: those that are in layouts for which
    /// `is_new`, and the others. Of two units of one point the later counts.
    fn sorted(
        portion: &'a [LayoutDefinition],
        is_new: impl Fn(&LayoutDefinition) -> bool,
    ) -> (Vec<Self>, Vec<Self>) {
        let (mut new, mut others) = (Vec::new(), Vec::new());
        for layout in portion {
            let points = layout.points.iter().map(|(local, unit)| Self {
                id: PointId::of(&layout.device, local).as_i64(),
                layout,
                local,
                unit,
            });
            match is_new(layout) {
                true => new.extend(points),
                false => others.extend(points),
            }
        }
        for points in [&mut new, &mut others] {
            points.reverse();
            points.sort_by_key(|point| point.id);
            points.dedup_by_key(|point| point.id);
        }
        (new, others)
    }

    fn name(&self) -> String {
        text(&format!("{}.{}", self.layout.device, self.local))
    }

    fn encode(self, out: &mut BytesMut) {
        out.put_i16(4);
        put_id(self.id, out);
        put_id(device_of(self.layout), out);
        put_string(&self.name(), out);
        put_string(&text(self.unit), out);
    }
}

/// The places of a layout: the layout, the position and the point.
fn places(layout: &LayoutDefinition) -> impl Iterator<Item = (i64, i32, i64)> {
    let point = |name| PointId::of(&layout.device, name).as_i64();
    let points = (0..).zip(&layout.points);
    points.map(move |(position, (name, _))| (layout.id.as_i64(), position, point(name)))
}

fn encode_place((layout, position, point): (i64, i32, i64), out: &mut BytesMut) {
    out.put_i16(3);
    put_id(layout, out);
    out.put_i32(4);
    out.put_i32(position);
    put_id(point, out);
}

fn put_id(id: i64, out: &mut BytesMut) {
    out.put_i32(8);
    out.put_i64(id);
}

fn device_of(layout: &LayoutDefinition) -> i64 {
    DeviceId::of(&layout.device).as_i64()
}
