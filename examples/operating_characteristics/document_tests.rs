//! A slice of the cells, which the document that is there has to show; and the document's parts.

use super::*;

const DOCUMENT: &str = include_str!("../../docs/operating-characteristics.md");

/// The part of the document about one condition's cells.
fn part(situation: &Situation) -> &'static str {
    let heading = format!("\n{}:\n", situation.name);
    let (_, part) = DOCUMENT
        .split_once(&heading)
        .expect("the condition is there");
    // To the end of its table: the empty line after it.
    let (_, rows) = part.split_once("|---|").expect("a table");
    rows.split("\n\n").next().unwrap_or_default()
}

#[test]
fn a_slice_of_the_cells_is_as_the_document_says() {
    // Five minutes cost little; 0.1 % and one request a second have a row of their own.
    for situation in SITUATIONS {
        let cell = Cell {
            situation,
            base: 1e-3,
            rps: 1.0,
            window: WINDOWS[0],
        };
        let row = format!("| 0.1 % | 1 | {} |", both(cell.blamed(RUNS)));
        assert!(part(&situation).contains(&row), "{}: {row}", situation.name);
    }
}

#[test]
fn what_has_to_be_found_soon_is() {
    for (excess, rps, by) in REQUIRED {
        let mut document = Document::default();
        let row = Row {
            excess,
            rps,
            base: 0.0,
        };
        let found = document.detected(row);
        assert!(
            document.wrong.is_empty(),
            "{row:?} by {by}: {:?}",
            document.wrong
        );
        let found = format!("| {} |\n", found.join(" | "));
        let start = format!("| {} | 0 % |", percent(excess));
        let mut lines = DOCUMENT.split_inclusive('\n');
        let there = lines.any(|line| {
            let rates = line
                .strip_prefix(&start)
                .and_then(|it| it.split(" |").next());
            let mut rates = rates.into_iter().flat_map(|rates| rates.split(','));
            rates.any(|it| it.trim() == rps.to_string()) && line.ends_with(&found)
        });
        assert!(there, "{start} {rps}: {found}");
    }
}

#[test]
fn a_cell_above_alpha_is_wrong_once_chance_does_not_explain_it() {
    let wrong = |found| {
        let cell = Cell {
            situation: SITUATIONS[0],
            base: 0.0,
            rps: 1.0,
            window: 5,
        };
        let blamed = [found, 0].map(|found| Proportion { found, runs: RUNS });
        let mut document = Document::default();
        document.calibration(&[(SITUATIONS[0], vec![(cell, blamed)])], true);
        (
            document.wrong.len(),
            document.text.contains("0 % at 1/s, 5 min"),
        )
    };
    assert_eq!(wrong(20), (0, false));
    assert_eq!(wrong(30), (0, true));
    assert_eq!(wrong(40), (1, true));
}
