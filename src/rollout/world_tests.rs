//! The world that the protocol's tests run in: one alias with Lambda's optimistic locking, other
//! people who edit it, answers that are stale or lost, and one driver that carries a state.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::script::{Edit, Fate, Look, Read, at, contenders, rules};
use super::*;

/// One pass of a driver: what it saw, decided and did.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub at: Timestamp,
    /// False for a duplicate that runs on an old state and whose result nobody gets.
    pub driver: bool,
    /// False if the driver never got the result.
    pub delivered: bool,
    pub before: State,
    pub look: Look,
    pub view: Option<AliasView>,
    pub decision: Decision,
    /// False if there was a write, and no good answer to it.
    pub answered: bool,
    /// The alias before and after the write, if the write took effect.
    pub effect: Option<(AliasView, AliasView)>,
    /// Version or weights were somebody else's before the write.
    pub over_edit: bool,
    pub after: State,
    pub wait: SignedDuration,
}

pub(super) struct World {
    pub rules: Rules,
    pub alias: Option<AliasView>,
    pub now: Timestamp,
    pub due: Timestamp,
    pub state: State,
    /// All states that a driver ever had.
    pub emitted: Vec<State>,
    pub trace: Vec<Pass>,
    /// Whether Lambda keeps a weight of 0.0.
    pub keeps_zero: bool,
    /// Somebody else's version or weights stand at the alias.
    pub edited: bool,
    /// Somebody else was the last to change them, be it to what was ours.
    pub by_hand: bool,
    /// What others wrote in the description.
    pub text: String,
    /// What was refused stays refused, or it was not a refusal; a rollback may be let through.
    refusing: bool,
    /// The alias as our last write, or the preflight, left it.
    ours: Option<AliasView>,
    past: Vec<AliasView>,
}

impl World {
    pub fn new(plan: &str) -> Self {
        Self::with(rules(plan))
    }

    pub fn with(rules: Rules) -> Self {
        let alias = AliasView {
            version: "1".into(),
            weights: BTreeMap::new(),
            description: "prod".into(),
            revision: "rev-1".into(),
        };
        // What stood there before the preflight: the same canary, tried and put back by hand.
        let older = AliasView {
            version: "2".into(),
            revision: "rev-0".into(),
            ..alias.clone()
        };
        let state = preflight::begin(contenders(), &alias, at(0));
        Self {
            rules,
            past: vec![older, alias.clone()],
            ours: Some(alias.clone()),
            alias: Some(alias),
            now: at(0),
            due: at(0),
            emitted: vec![state.clone()],
            state,
            trace: Vec::new(),
            keeps_zero: true,
            edited: false,
            by_hand: false,
            text: "prod".into(),
            refusing: false,
        }
    }

    /// The driver's next pass, when it is due.
    pub fn tick(&mut self, look: &Look) -> &Pass {
        self.tick_with(look, Fate::Applied)
    }

    pub fn tick_with(&mut self, look: &Look, fate: Fate) -> &Pass {
        self.now = self.now.max(self.due);
        self.drive(look, fate, true)
    }

    /// The driver's pass now, early or late. If it is killed (`delivered` is false), its write may
    /// stand, and its state is the old one.
    pub fn drive(&mut self, look: &Look, fate: Fate, delivered: bool) -> &Pass {
        assert!(self.trace.len() < 10_000, "it ticks without getting on");
        let mut pass = self.pass(&self.state.clone(), look, fate);
        pass.driver = true;
        pass.delivered = delivered;
        if delivered {
            self.state = pass.after.clone();
            self.emitted.push(self.state.clone());
            self.due = self.now + pass.wait;
        }
        self.trace.push(pass);
        &self.trace[self.trace.len() - 1]
    }

    /// A pass on an old state, whose result nobody gets.
    pub fn duplicate(&mut self, old: usize, look: &Look, fate: Fate) -> &Pass {
        let old = self.emitted[old % self.emitted.len()].clone();
        let pass = self.pass(&old, look, fate);
        self.trace.push(pass);
        &self.trace[self.trace.len() - 1]
    }

    /// Ticks on time until the end, at most for a day.
    pub fn play_out(&mut self, look: &Look) -> End {
        let midnight = self.now + SignedDuration::from_hours(24);
        while self.state.end().is_none() && self.now < midnight {
            self.tick(look);
        }
        self.state.end().cloned().expect("it never ended")
    }

    /// Ticks on time as long as the step with this index has not been written.
    pub fn reach(&mut self, step: usize) {
        while !matches!(self.state.phase, Phase::Baking { step: now, .. } if now == step) {
            assert!(self.state.end().is_none(), "{:?}", self.state);
            self.tick(&Look::pass());
        }
    }

    /// The alias as a person sees it.
    pub fn stands(&self) -> String {
        match &self.alias {
            None => "gone".into(),
            Some(view) if view.weights.is_empty() => view.version.clone(),
            Some(view) => {
                let shares: Vec<_> = view
                    .weights
                    .iter()
                    .map(|(v, w)| format!("{v}:{w}"))
                    .collect();
                format!("{} {}", view.version, shares.join(" "))
            }
        }
    }

    pub fn edit(&mut self, edit: &Edit) {
        let Some(before) = self.alias.clone() else {
            return;
        };
        let mut view = before.clone();
        let marked = view.mark().is_some();
        match edit {
            Edit::Reweight(share) => view.weights = BTreeMap::from([("2".into(), *share)]),
            Edit::RemoveMark => {
                view.description = "mine".into();
                self.text = "mine".into();
            }
            Edit::OtherMark => view.description = view.description.replace(":r1:", ":r2:"),
            Edit::OtherVersion => view.version = "3".into(),
            Edit::PromoteByHand => (view.version, view.weights) = ("2".into(), BTreeMap::new()),
            Edit::PutBackByHand => (view.version, view.weights) = ("1".into(), BTreeMap::new()),
            Edit::Describe(text) => {
                view.description = view.mark().map_or((*text).into(), |mark| mark.join(text));
                self.text = (*text).into();
            }
            Edit::Delete => {
                self.alias = None;
                return;
            }
        }
        if self.state.end().is_some() && self.edited && marked && self.is_ours(&view) {
            // After the end nobody makes it look exactly like a step of ours again: a late
            // duplicate takes that for the step.
            return;
        }
        self.edited = !self.is_ours(&view);
        self.by_hand |= view.version != before.version || view.weights != before.weights;
        self.by_hand |= self.edited;
        self.put(view);
    }

    fn pass(&mut self, state: &State, look: &Look, fate: Fate) -> Pass {
        let view = self.read(look.read);
        let reading = match (&view, look.read) {
            (_, Read::Unreadable) => AliasReading::Unreadable("timeout".into()),
            (Some(view), _) => AliasReading::Seen(view.clone()),
            (None, _) => AliasReading::Gone,
        };
        let decision = tick(&self.rules, state, self.now, &look.seen(reading));
        let over_edit = self.edited;
        let before = self.alias.clone();
        let (mut after, mut wait) = (decision.state.clone(), decision.wait);
        let (mut took_effect, mut answered) = (false, true);
        if let Some(command) = &decision.command {
            let (effect, answer) = self.write(command.write(), fate);
            (took_effect, answered) = (effect, answer.is_ok());
            (after, wait) = match answer {
                Ok(()) => (applied(after, command, self.now), wait),
                Err(why) => unapplied(after, &self.rules.limits, self.now, why),
            };
        }
        Pass {
            at: self.now,
            driver: false,
            delivered: false,
            before: state.clone(),
            look: look.clone(),
            view: view.filter(|_| look.read != Read::Unreadable),
            answered,
            effect: before.zip(self.alias.clone()).filter(|_| took_effect),
            over_edit,
            decision,
            after,
            wait,
        }
    }

    fn read(&self, read: Read) -> Option<AliasView> {
        match read {
            Read::Stale(back) => {
                let last = self.past.len() - 1;
                Some(self.past[last.saturating_sub(back)].clone())
            }
            _ => self.alias.clone(),
        }
    }

    /// Lambda's `UpdateAlias`: whether it took effect, and what the caller learns.
    fn write(&mut self, write: &AliasWrite, fate: Fate) -> (bool, Result<(), Unapplied>) {
        let lost = || Err(Unapplied::Lost("timeout".into()));
        if fate == Fate::LostBefore {
            return (false, lost());
        }
        if fate == Fate::Touched
            && let Some(view) = self.alias.clone()
        {
            self.put(view);
        }
        match &self.alias {
            Some(view) if view.revision == write.revision => {}
            _ => return (false, Err(Unapplied::Conflict)),
        }
        let forward = write.canary.is_some() || write.version == Version::new(2);
        if fate == Fate::Refused || self.refusing && forward {
            self.refusing |= forward;
            return (false, Err(Unapplied::Refused("not allowed".into())));
        }
        let kept = write
            .canary
            .filter(|(_, w)| *w != Weight::ZERO || self.keeps_zero);
        self.put(AliasView {
            version: write.version.to_string(),
            weights: kept
                .iter()
                .map(|(v, w)| (v.to_string(), w.fraction()))
                .collect(),
            description: write.description.clone(),
            revision: String::new(),
        });
        (self.edited, self.by_hand) = (false, false);
        self.ours = self.alias.clone();
        let answer = if fate == Fate::LostAfter {
            lost()
        } else {
            Ok(())
        };
        (true, answer)
    }

    /// Version, weights and mark are as we wrote them, or as the preflight found them.
    fn is_ours(&self, view: &AliasView) -> bool {
        let Some(ours) = &self.ours else {
            return false;
        };
        // A weight of 0 that is taken away under our mark is not told from Lambda dropping it.
        let lit = |view: &AliasView| view.weights.iter().any(|(_, share)| *share != 0.0);
        let same = view.weights == ours.weights || !lit(view) && !lit(ours);
        same && view.version == ours.version && view.mark() == ours.mark()
    }

    pub fn put(&mut self, view: AliasView) {
        let revision = format!("rev-{}", self.past.len());
        let view = AliasView { revision, ..view };
        self.past.push(view.clone());
        self.alias = Some(view);
    }
}
