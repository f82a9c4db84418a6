//! `docs/` as one site: every page is in its summary, and every link leads to a page of it and to a heading that is there.

use std::path::Path;

use crate::docs::page;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a heading is called in a link, on the site and on GitHub.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The anchors of a page: its headings, outside of fences.
fn anchors(text: &str) -> Vec<String> {
    let mut inside = false;
    let outside = text.lines().filter(|line| {
        inside ^= line.starts_with("```");
        !inside
    });
    outside.filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The names of all pages of `docs/`.
fn pages() -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".md")).collect()
}

fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link).collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let docs = pages().into_iter().map(|name| format!("docs/{name}"));
    for name in docs.chain(["README.md", "CONTRIBUTING.md"].map(str::to_owned)) {
        let path = Path::new(ROOT).join(&name);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.starts_with("http")) {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{name}: {link}");
            // The site is made of docs/ alone.
            assert!(
                !name.starts_with("docs/") || !file.starts_with(".."),
                "{name}: {link} leads out of the site"
            );
            if !part.is_empty() {
                let there = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(
                    there.iter().any(|anchor| anchor == part),
                    "{name}: no heading for {link}: {there:?}"
                );
            }
        }
    }
}

#[test]
fn every_page_is_in_the_summary_of_the_site() {
    let summary = page("SUMMARY.md");
    let mut listed: Vec<_> = links(&summary).into_iter().map(str::to_owned).collect();
    listed.push("SUMMARY.md".to_owned());
    listed.sort_unstable();
    let mut all = pages();
    all.sort_unstable();
    assert_eq!(listed, all);
}
