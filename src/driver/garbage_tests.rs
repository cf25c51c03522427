//! Garbage as what is carried from pass to pass, and as what CloudWatch answers: whole passes go on
//! from it.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::garbage::{Kind, at_once, attacks, survives};
use crate::judge::measure::{Alone, EvidenceRules, Pages, Versions};
use crate::rollout::{AliasView, Contenders};

const PASSES: Kind = Kind {
    name: "passes",
    seeds,
    eat,
};

/// What one pass begins with, and what it is answered.
#[derive(Deserialize)]
struct Story {
    assignment: Assignment,
    snapshot: Snapshot,
    #[serde(default)]
    alone: Alone,
    alias: AliasView,
    readings: Vec<AlarmReading>,
    /// The numbers of every series, minute by minute, over and over.
    points: Vec<f64>,
    now: Timestamp,
}

const NOW: &str = "2027-01-15T09:00:20Z";
/// The second of `NOW`.
const SECOND: i64 = 1_800_003_620;

fn seeds() -> Vec<String> {
    let at = "2027-01-15T08:50:00Z";
    let own = json!({"from": "own", "bad": {"namespace": "N", "metric": "m", "dimensions": [["v", "{version}"]]}});
    let metrics = json!([
        {"name": "errors", "source": {"from": "errors"}, "ratio": 1.0, "increase": 0.0},
        {"name": "latency", "source": {"from": "slower_than", "milliseconds": 300}, "ratio": 1.2, "increase": 0.01},
        {"name": "own", "source": own, "ratio": 1.0, "increase": 0.0},
    ]);
    let evidence = serde_json::to_value(crate::judge::evidence::Evidence::default()).expect("JSON");
    let entry = json!({"evidence": evidence, "counted": [100, 1, 900, 1], "compared": 100});
    let memory = json!({
        "began": SECOND - 1_200, "asked": SECOND - 70, "hourly": 36_000, "bursts": [1.0, null, 2.5],
        "timeline": {"seen": [1_000, SECOND - 20], "base": 0, "changes": [[SECOND - 1_000, SECOND - 990, 1_000]], "due": SECOND},
        "books": {"until": (SECOND / 60) - 9, "entries": [entry, entry, entry], "errors": 3, "throttled": 1,
            "shares": [[60_000, 60], [60_000, 60]], "warmed": (SECOND / 60) - 15, "dropped": {"change": 1, "incomplete": 2, "idle": 3}},
        "crossed": SECOND - 100,
    });
    let alone = json!({
        "began": SECOND - 600, "asked": SECOND - 70, "hourly": 36_000, "bursts": [1.0, null, 2.5],
        "timeline": {"seen": [10_000, SECOND - 20], "base": 10_000},
    });
    let accept = json!({"excess": 0.001, "alpha": 0.05});
    let rules = json!({"metrics": metrics, "alpha": 0.01, "accept": accept, "max_errors": 100, "min_requests": 30, "settle": 120, "inconclusive": "complete", "timeout": 3});
    let reading = json!({"name": "a", "state": "OK", "transitioned_at": at, "evaluation": null, "changes": [{"at": at, "to": "ALARM"}]});
    let limits = json!({"poll": "PT15S", "longest": "PT2H", "error_budget": "PT2M"});
    let whole = json!({
        "assignment": {
            "rules": {"plan": [{"weight": "10%", "bake": "PT5M"}, {"weight": "50%", "bake": "PT5M"}], "limits": limits, "mode": "enforce", "inconclusive": "complete"},
            "alarms": {"alarms": [{"name": "a"}], "insufficient_data": "hold"},
            "evidence": rules,
        },
        "snapshot": {
            "state": {"rollout": "r1", "stable": "1", "canary": "2", "started_at": at, "phase": {"is": "baking", "step": 0, "since": at}, "ticks": 7, "max_weight": "10%"},
            "alarms": {"a": {"changed_at": at, "missing": true}},
            "evidence": memory,
        },
        "alone": alone,
        "alias": {"version": "1", "weights": {"2": 0.1}, "description": "[lambda-canary:r1:1]", "revision": "b"},
        "readings": [reading],
        "points": [60.0, 0.0, 57.0, 1.0, 61.0],
        "now": NOW,
    });
    let with = |place: &str, value: Value| {
        let mut other = whole.clone();
        *other.pointer_mut(place).expect("a place") = value;
        other
    };
    let all = [
        whole.clone(),
        with("/points", json!([1e15, 1e15, 0.0, 9_007_199_254_740_992.0])),
        with("/assignment/evidence/accept", Value::Null),
        with("/snapshot/evidence", json!({})),
        with("/alone", json!({})),
        with(
            "/alias",
            json!({"version": "2", "weights": {}, "description": "", "revision": "c"}),
        ),
    ];
    all.iter().map(Value::to_string).collect()
}

struct Answers<'a>(&'a Story);

impl Observe for Answers<'_> {
    async fn alias(&self) -> AliasReading {
        AliasReading::Seen(self.0.alias.clone())
    }

    async fn alarms(&self, _: &Question) -> Result<AlarmsAnswer, String> {
        let readings = self.0.readings.clone();
        Ok(AlarmsAnswer {
            readings,
            failure: None,
        })
    }

    async fn counts(&self, question: &CountsQuestion) -> Result<CountsAnswer, String> {
        let names = question.series("f", "live");
        let mut pages = Pages::of(names.clone());
        let span = question.span().ok_or("no span")?;
        for index in 0..names.len() {
            let minute = |n: i64| span.from.checked_add(SignedDuration::from_mins(n)).ok();
            let minutes = (0..400).map_while(minute).filter(|at| *at < span.to);
            let points = self.0.points.iter().cycle().skip(index);
            pages.add(index, Some("Complete"), minutes.zip(points.copied()));
        }
        Ok(CountsAnswer::of(question, "f", "live", &pages.series()))
    }
}

impl Act for Answers<'_> {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        match write.description.len() % 3 {
            0 => Ok(()),
            1 => Err(Unapplied::Conflict),
            _ => Err(Unapplied::Lost("lost".to_owned())),
        }
    }
}

fn eat(bytes: &[u8]) {
    let Ok(story) = serde_json::from_slice::<Story>(bytes) else {
        return;
    };
    let far = [Timestamp::MIN, Timestamp::MAX];
    for begin in [story.now].into_iter().chain(far) {
        passes(&story, begin);
        if let Some(counting) = &story.assignment.evidence {
            looks(&story, &counting.rules, begin);
        }
    }
}

fn passes(story: &Story, mut now: Timestamp) {
    let mut snapshot = story.snapshot.clone();
    for _ in 0..4 {
        let ports = Answers(story);
        let passed = at_once(pass(&ports, &story.assignment, &snapshot, Ok(None), || now));
        let _ = (
            passed.reason.to_string(),
            passed.forecast.map(|forecast| forecast.to_string()),
        );
        let evidence = story.assignment.evidence.as_ref();
        let _ = Counting::account(evidence, &passed.snapshot.evidence);
        if let Some(Counting { rules, timeout }) = evidence {
            let _ = rules.unheard_from(&passed.snapshot.evidence, *timeout, now);
        }
        // It is carried as JSON. Evidence that left the numbers is not read again, and put back.
        match serde_json::from_value(json!(passed.snapshot)) {
            Ok(again) => snapshot = again,
            Err(_) => return,
        }
        now = now.saturating_add(passed.wait).unwrap_or(Timestamp::MAX);
    }
}

fn looks(story: &Story, rules: &EvidenceRules, mut now: Timestamp) {
    let Contenders { stable, canary, .. } = &story.snapshot.state.contenders;
    let versions = Versions {
        stable: stable.to_string(),
        canary: canary.to_string(),
    };
    let mut memory = story.alone.clone();
    for _ in 0..3 {
        let found = at_once(alone(&Answers(story), rules, &memory, &versions, || now));
        let _ = found
            .memory
            .finding()
            .map(|finding| finding.sentence(rules, "2"));
        match serde_json::from_value(json!(found.memory)) {
            Ok(again) => memory = again,
            Err(_) => return,
        }
        now = now
            .saturating_add(SignedDuration::from_mins(1))
            .unwrap_or(Timestamp::MAX);
    }
}

#[test]
fn passes_of_all_kinds() {
    for seed in seeds() {
        let read = serde_json::from_str::<Story>(&seed).map(|story| story.now);
        assert!(read.is_ok(), "{read:?} {seed}");
    }
    survives(&PASSES);
}

#[test]
fn huge_passes() {
    let many = |place: &str, value: Value| {
        let mut story: Value = serde_json::from_str(&seeds()[0]).expect("a story");
        *story.pointer_mut(place).expect("a place") = value;
        story.to_string().into_bytes()
    };
    let changes: Vec<_> = (0..20_000)
        .map(|n| json!([n * 120, n * 120 + 6, 1_000]))
        .collect();
    let metric = json!({"name": "m", "source": {"from": "errors"}, "ratio": 1.0, "increase": 0.0});
    let shares = vec![json!([1, 1]); 50_000];
    let own = [
        (
            "many changes",
            many("/snapshot/evidence/timeline/changes", json!(changes)),
        ),
        (
            "many metrics",
            many("/assignment/evidence/metrics", json!(vec![metric; 200])),
        ),
        (
            "many shares",
            many("/snapshot/evidence/books/shares", json!(shares)),
        ),
    ];
    attacks::survives_size(&PASSES, "driver::garbage_tests::huge_passes", &own);
}
