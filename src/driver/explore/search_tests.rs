//! Breadth first through all states of a model, each visited once.
//!
//! States with fewer disturbances come first, then those that take fewer steps, so the first
//! counterexample is a shortest one. What is kept of a visited state is its fingerprint and how it
//! was reached: a trace is told by playing it again.

use std::collections::{HashMap, VecDeque};
use std::fmt::{Debug, Write as _};

/// A system to explore.
pub(super) trait Model {
    type State: Clone;
    type Action: Clone + PartialEq + Debug;

    fn start(&self) -> Self::State;

    /// What can happen here.
    fn actions(&self, state: &Self::State) -> Vec<Self::Action>;

    /// Whether an action is one of the disturbances, whose number is bounded.
    fn disturbs(&self, action: &Self::Action) -> bool;

    /// The state after an action, or what must not happen and did.
    fn step(&self, state: &Self::State, action: &Self::Action) -> Result<Self::State, String>;

    /// What must hold in each state.
    fn check(&self, state: &Self::State) -> Result<(), String>;

    /// What happens next if nothing disturbs any more, in each of the ways that the surroundings
    /// can go on; nothing in a state of rest. Each is one of the actions, and no disturbance.
    fn calm(&self, state: &Self::State) -> Vec<Self::Action>;

    /// The same for states that nothing can tell apart.
    fn fingerprint(&self, state: &Self::State) -> u64;

    /// The state in one line.
    fn show(&self, state: &Self::State) -> String;
}

/// What was explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Explored {
    pub states: usize,
    pub transitions: usize,
    /// States in which nothing goes on by itself any more.
    pub at_rest: usize,
    /// The most steps from any state to rest, without a disturbance.
    pub longest_calm: usize,
}

/// How a state was first reached: from which one, by what.
struct Reached<A> {
    by: Option<(usize, A)>,
    /// The states that follow, if nothing disturbs any more; one for each way to go on.
    calm: Vec<usize>,
}

struct Search<'a, M: Model> {
    model: &'a M,
    ids: HashMap<u64, usize>,
    reached: Vec<Reached<M::Action>>,
    now: VecDeque<(usize, M::State)>,
    /// With one disturbance more.
    later: VecDeque<(usize, M::State)>,
    transitions: usize,
}

/// All states, or a shortest trace to a state or step that must not be.
pub(super) fn explore<M: Model>(model: &M) -> Result<Explored, String> {
    let mut search = Search {
        model,
        ids: HashMap::new(),
        reached: Vec::new(),
        now: VecDeque::new(),
        later: VecDeque::new(),
        transitions: 0,
    };
    search.visit(model.start(), None, false)?;
    loop {
        if search.now.is_empty() {
            std::mem::swap(&mut search.now, &mut search.later);
        }
        let Some((id, state)) = search.now.pop_front() else {
            break;
        };
        search.expand(id, &state)?;
    }
    let longest_calm = search.longest_calm()?;
    Ok(Explored {
        states: search.reached.len(),
        transitions: search.transitions,
        at_rest: search.reached.iter().filter(|r| r.calm.is_empty()).count(),
        longest_calm,
    })
}

impl<M: Model> Search<'_, M> {
    fn visit(
        &mut self,
        state: M::State,
        by: Option<(usize, M::Action)>,
        disturbed: bool,
    ) -> Result<usize, String> {
        let fingerprint = self.model.fingerprint(&state);
        if let Some(id) = self.ids.get(&fingerprint) {
            return Ok(*id);
        }
        let id = self.reached.len();
        self.ids.insert(fingerprint, id);
        let calm = Vec::new();
        self.reached.push(Reached { by, calm });
        if let Err(why) = self.model.check(&state) {
            return Err(self.trace(id, None, &why));
        }
        let queue = match disturbed {
            true => &mut self.later,
            false => &mut self.now,
        };
        queue.push_back((id, state));
        Ok(id)
    }

    fn expand(&mut self, id: usize, state: &M::State) -> Result<(), String> {
        let calm = self.model.calm(state);
        let mut next = vec![None; calm.len()];
        for action in self.model.actions(state) {
            self.transitions += 1;
            let after = self.model.step(state, &action);
            let after = after.map_err(|why| self.trace(id, Some(&action), &why))?;
            let disturbed = self.model.disturbs(&action);
            let after = self.visit(after, Some((id, action.clone())), disturbed)?;
            for (at, _) in calm.iter().enumerate().filter(|(_, calm)| **calm == action) {
                next[at] = Some(after);
            }
        }
        let next = next.into_iter().collect::<Option<Vec<_>>>();
        self.reached[id].calm = next.expect("what happens in a calm is one of the actions");
        Ok(())
    }

    /// The most steps to rest, in any one of the ways to go on; or a trace to a state from which one
    /// of them never comes to rest.
    fn longest_calm(&self) -> Result<usize, String> {
        let ways = self.reached.iter().map(|r| r.calm.len()).max().unwrap_or(0);
        let mut longest = 0;
        for way in 0..ways {
            // Steps to rest, once known.
            let mut steps: Vec<Option<usize>> = vec![None; self.reached.len()];
            for first in 0..self.reached.len() {
                let mut path = Vec::new();
                let mut at = first;
                while steps[at].is_none() {
                    path.push(at);
                    match self.reached[at].calm.get(way) {
                        Some(next) => at = *next,
                        None => break,
                    }
                    if path.len() > self.reached.len() {
                        let why = "what follows without any disturbance never comes to rest";
                        return Err(self.trace(first, None, why));
                    }
                }
                let left = steps[at].map_or(0, |steps| steps + 1);
                for (left, at) in (left..).zip(path.into_iter().rev()) {
                    steps[at] = Some(left);
                    longest = longest.max(left);
                }
            }
        }
        Ok(longest)
    }

    fn trace(&self, id: usize, last: Option<&M::Action>, why: &str) -> String {
        let mut actions: Vec<&M::Action> = last.into_iter().collect();
        let mut at = id;
        while let Some((before, action)) = &self.reached[at].by {
            actions.push(action);
            at = *before;
        }
        actions.reverse();
        let mut state = self.model.start();
        let mut told = format!("{why}\n   {}\n", self.model.show(&state));
        for action in actions {
            let disturbs = if self.model.disturbs(action) {
                '!'
            } else {
                ' '
            };
            writeln!(told, " {disturbs} {action:?}").expect("a string takes it");
            match self.model.step(&state, action) {
                Ok(after) => state = after,
                Err(_) => break,
            }
            writeln!(told, "   {}", self.model.show(&state)).expect("a string takes it");
        }
        told
    }
}
