//! Two engineers put a configuration at once: one is taken, and the other is told to look again.

use std::sync::Barrier;

use super::*;

/// Each adds a device of its own.
const ROUNDS: usize = DEVICES - 1;

/// Puts `text` if `tag` is still that of what is there; the status, and the tag that is there now if it is not.
fn put(address: &str, tag: &str, text: &str) -> (u16, Option<String>) {
    let mut client = Client::connect(address).unwrap();
    let seen = format!("if-match: {tag}\r\n");
    let answer = client.put("/api/v1/config", &seen, text).unwrap();
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let tag = body["present_tag"].as_str().map(str::to_owned);
    (answer.status, tag)
}

#[test]
fn of_two_that_have_seen_the_same_one_is_taken() {
    let site = Site::new();
    let mut plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    site.until("it is polled", |site| site.readings_of("a") > 0);
    let text = site.text(&plan);
    let (status, tag) = put(&site.address, "\"other\"", &text);
    let (mut tag, mut taken) = (tag.unwrap(), Vec::new());
    assert_eq!(status, 412);
    for round in 0..ROUNDS {
        let texts = ["anna", "bert"].map(|engineer| {
            let mut own = plan.clone();
            let device = site.device(1 + round);
            own.insert(format!("{engineer}-{round}"), wanted(device, "two", None));
            (own.clone(), site.text(&own))
        });
        let barrier = Barrier::new(2);
        let results: Vec<_> = std::thread::scope(|scope| {
            let (barrier, tag, address) = (&barrier, &tag, &site.address);
            let threads: Vec<_> = texts
                .iter()
                .map(|(_, text)| {
                    scope.spawn(move || {
                        barrier.wait();
                        put(address, tag, text)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let mut statuses: Vec<_> = results.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "round {round}");
        let won = results.iter().position(|(status, _)| *status == 200);
        let (winner, text) = &texts[won.unwrap()];
        assert_eq!(fs::read_to_string(site.config()).unwrap(), *text);
        let shown = site.client().get("/api/v1/config").unwrap();
        assert_eq!(shown.body, *text);
        taken.push(won.unwrap());
        // The other one looks again, which is where the next round begins.
        let present = results.into_iter().find_map(|(_, tag)| tag);
        tag = present.unwrap();
        plan = winner.clone();
        let names: Vec<_> = site
            .devices()
            .into_keys()
            .filter(|name| name != "meter")
            .collect();
        assert!(names.iter().eq(plan.keys()), "{names:?}");
    }
    let metrics = site.client().get("/metrics").unwrap().body;
    let line = format!("gridos_config_reloads_total{{outcome=\"taken\"}} {ROUNDS}\n");
    assert!(metrics.contains(&line), "{taken:?}\n{metrics}");
    site.end(process);
}
