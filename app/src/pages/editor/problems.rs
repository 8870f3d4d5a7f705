//! What is wrong with the text, line by line, and what to do.

use leptos::prelude::*;

use super::text::Text;
use crate::model::FindingView;

#[component]
pub fn Problems(text: Text) -> AnyView {
    let list = move || {
        let problems = text.problems.get();
        (!problems.is_empty()).then(|| {
            let lines: Vec<String> = text.yaml.get_untracked().lines().map(str::to_owned).collect();
            let items: Vec<_> = problems
                .into_iter()
                .map(|problem| {
                    let line = lines.get(problem.line as usize - 1).cloned();
                    view! { <Line problem line /> }
                })
                .collect();
            view! {
                <ul class="problems" aria-label="Problems">
                    {items}
                </ul>
            }
        })
    };
    let failed =
        move || text.failed.get().map(|error| view! { <p class="err">{error.to_string()}</p> });
    view! {
        <div role="status">
            {failed}
            {list}
        </div>
    }
    .into_any()
}

#[component]
fn Line(problem: FindingView, line: Option<String>) -> AnyView {
    let FindingView { line: number, column, path, message, hint } = problem;
    view! {
        <li>
            <b>{format!("Line {number}, column {column}")}</b>
            " "
            <span class="m">{path}</span>
            <div>{message} {hint.map(|hint| view! { <span class="dim">" – " {hint}</span> })}</div>
            {line
                .filter(|line| !line.trim().is_empty())
                .map(|line| view! { <code>{line}</code> })}
        </li>
    }
    .into_any()
}
