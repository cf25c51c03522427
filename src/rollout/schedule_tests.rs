//! Schedules of everything that can happen to a rollout, for the properties.

use proptest::prelude::*;

use super::*;
use crate::judge::measure::{Inconclusive, Measured, Sufficiency};
use crate::judge::{Bound, Doubt};
use crate::rollout::Finish;
use crate::rollout::script::{Edit, Fate, Look, Read, at, rules, secs};
use crate::rollout::world::World;

#[derive(Clone)]
pub(super) enum Event {
    /// The driver ticks so many seconds after it is due; if killed, its state stays the old one.
    Tick {
        late: i64,
        look: Look,
        fate: Fate,
        killed: bool,
    },
    /// A duplicate of any tick there was.
    Duplicate {
        old: usize,
        look: Look,
        fate: Fate,
    },
    Edit(Edit),
}

/// On one line each.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Edit(edit) => write!(f, "edit: {edit:?}"),
            Self::Duplicate { old, look, fate } => write!(f, "duplicate {old}: {look:?}, {fate:?}"),
            Self::Tick {
                late,
                look,
                fate,
                killed,
            } => {
                let killed = if *killed { ", killed" } else { "" };
                write!(f, "tick {late:+} s: {look:?}, {fate:?}{killed}")
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub plan: &'static str,
    pub keeps_zero: bool,
    pub mode: Mode,
    pub finish: Finish,
    pub inconclusive: Inconclusive,
    pub events: Vec<Event>,
    /// What shows after the events, when everything answers.
    pub calm: Look,
}

fn verdicts() -> impl Strategy<Value = Look> {
    let look = prop_oneof![
        30 => Just(Look::pass()),
        2 => Just(Look::alarm()),
        4 => Just(Look::doubt()),
        1 => Just(Look::abort()),
    ];
    (look, measured()).prop_map(|(look, measured)| Look { measured, ..look })
}

/// Mostly no evidence is asked for, or there is enough of it.
fn measured() -> impl Strategy<Value = Measured> {
    let bound = Bound::new(0.01, 0.95);
    let doubt = Doubt::TooFewRequests {
        judged: 3,
        needed: 30,
        bound,
    };
    let sufficiency = prop_oneof![
        8 => Just(Sufficiency::Enough),
        3 => Just(Sufficiency::Short { doubt }),
        1 => Just(Sufficiency::Accepted { judged: 400, bound }),
    ];
    let unjudged_from = prop_oneof![
        4 => Just(None),
        1 => (0i64..400).prop_map(|second| Some(at(second))),
    ];
    let asked = (sufficiency, unjudged_from).prop_map(|(sufficiency, unjudged_from)| Measured {
        sufficiency,
        unjudged_from,
    });
    prop_oneof![1 => Just(Measured::default()), 1 => asked]
}

fn looks() -> impl Strategy<Value = Look> {
    let read = prop_oneof![
        8 => Just(Read::Fresh),
        1 => (1usize..5).prop_map(Read::Stale),
        1 => Just(Read::Unreadable),
    ];
    (verdicts(), read, prop::bool::weighted(0.05)).prop_map(|(look, read, failure)| Look {
        read,
        failure,
        ..look
    })
}

pub(super) fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Applied),
        2 => Just(Fate::LostBefore),
        2 => Just(Fate::LostAfter),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Touched),
    ]
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        Just(Edit::Reweight(0.2)),
        Just(Edit::Reweight(0.1)),
        Just(Edit::RemoveMark),
        Just(Edit::OtherMark),
        Just(Edit::OtherVersion),
        Just(Edit::PromoteByHand),
        Just(Edit::PutBackByHand),
        Just(Edit::Describe("see ticket 7")),
        Just(Edit::Describe("")),
        Just(Edit::Delete),
    ]
}

fn ticks() -> impl Strategy<Value = Event> {
    let late = prop_oneof![6 => Just(0i64), 1 => -15i64..0, 1 => 1i64..400];
    (late, looks(), fates(), prop::bool::weighted(0.1)).prop_map(|(late, look, fate, killed)| {
        Event::Tick {
            late,
            look,
            fate,
            killed,
        }
    })
}

fn schedules(edits_weight: u32) -> impl Strategy<Value = Schedule> {
    let duplicate = (0usize..100, looks(), fates())
        .prop_map(|(old, look, fate)| Event::Duplicate { old, look, fate });
    let event = prop_oneof![
        30 => ticks(),
        8 => duplicate,
        edits_weight => edits().prop_map(Event::Edit),
    ];
    let plan = prop_oneof![
        Just("AllAtOnce"),
        Just("10%:1m"),
        Just("10%:20s,50%:20s"),
        Just("0%:15s,1%:0s,10%:30s,90%:0s"),
    ];
    let mode = prop_oneof![6 => Just(Mode::Enforce), 1 => Just(Mode::Advise)];
    let events = prop::collection::vec(event, 0..40);
    let finish = prop_oneof![3 => Just(Finish::Promote), 1 => Just(Finish::HandOver)];
    let inconclusive = prop::sample::select(vec![
        Inconclusive::Complete,
        Inconclusive::Hold,
        Inconclusive::Rollback,
    ]);
    let ways = (mode, finish, inconclusive);
    (plan, any::<bool>(), ways, events, verdicts()).prop_map(
        |(plan, keeps_zero, (mode, finish, inconclusive), events, calm)| Schedule {
            plan,
            keeps_zero,
            mode,
            finish,
            inconclusive,
            events,
            calm,
        },
    )
}

pub(super) fn with_edits() -> impl Strategy<Value = Schedule> {
    schedules(2)
}

/// Nobody else edits the alias.
pub(super) fn undisturbed() -> impl Strategy<Value = Schedule> {
    schedules(0)
}

impl Schedule {
    /// The world after the events, before the calm.
    pub(super) fn storm(&self) -> World {
        let rules = Rules {
            mode: self.mode,
            finish: self.finish,
            inconclusive: self.inconclusive,
            ..rules(self.plan)
        };
        let mut world = World::with(rules);
        world.keeps_zero = self.keeps_zero;
        for event in &self.events {
            match event {
                Event::Edit(edit) => world.edit(edit),
                Event::Duplicate { old, look, fate } => {
                    world.duplicate(*old, look, *fate);
                }
                Event::Tick {
                    late,
                    look,
                    fate,
                    killed,
                } => {
                    world.now = world.now.max(world.due + secs(*late));
                    let mut look = look.clone();
                    // Two stale answers running are believed; this is about single ones.
                    if world.state.unexpected.is_some() && matches!(look.read, Read::Stale(_)) {
                        look.read = Read::Fresh;
                    }
                    world.drive(&look, *fate, !killed);
                }
            }
        }
        world
    }

    /// The world after the rollout's end.
    pub(super) fn played(&self) -> World {
        let mut world = self.storm();
        world.play_out(&self.calm);
        world
    }
}
