use proptest::prelude::*;

use super::{Document, Field, Found, search};

/// A shop's tools: id, description, parameters.
fn shop() -> Vec<Document<'static>> {
    let tool = |id, description, parameters: &[(&str, &str)]| Document {
        id,
        description: Some(description),
        parameters: parameters.iter().map(|(n, d)| ((*n).to_owned(), Some((*d).to_owned()))).collect(),
        ..Document::default()
    };
    vec![
        tool("billing/create_invoice", "Make an invoice for a customer", &[("customer", "who pays")]),
        tool("billing/sendInvoice", "Send an invoice by mail", &[("dry_run", "change nothing")]),
        tool("mail/send_email", "Send a message", &[("address", "where it goes"), ("text", "")]),
        tool("mail/send_email_batch", "Send many messages", &[("addresses", "where they go")]),
        tool("files/resize", "Make pictures smaller", &[("width", "in pixels")]),
        Document { id: "größe", title: Some("文件搜索 Größe"), ..Document::default() },
    ]
}

fn ids(text: &str) -> Vec<&'static str> {
    let documents = shop();
    search(&documents, text, 20).hits.iter().map(|hit| documents[hit.index].id).collect()
}

#[test]
fn words_find_what_they_mean() {
    for (text, expected) in [
        // The name said whole comes before longer ones, and both before mentions elsewhere.
        ("send email", ["mail/send_email", "mail/send_email_batch"].as_slice()),
        ("invoice", &["billing/sendInvoice", "billing/create_invoice"]),
        // Words in several fields.
        ("mail address", &["mail/send_email", "mail/send_email_batch"]),
        ("customer create", &["billing/create_invoice"]),
        ("billing pays", &["billing/create_invoice"]),
        // Beginnings, parts, plurals, capitals, signs.
        ("inv cust", &["billing/create_invoice"]),
        ("voice send", &["billing/sendInvoice"]),
        ("send-email_batch", &["mail/send_email_batch"]),
        ("SENDINVOICE", &["billing/sendInvoice"]),
        ("dryrun", &["billing/sendInvoice"]),
        ("message", &["mail/send_email", "mail/send_email_batch"]),
        // Small words are nothing beside others.
        ("send an invoice to the customer by mail", &[]),
        ("a picture", &["files/resize"]),
        // Other scripts.
        ("größe", &["größe"]),
        ("搜索", &["größe"]),
        // Slips of the hand.
        ("resise", &["files/resize"]),
        ("invioce creat", &["billing/create_invoice"]),
        ("emial", &["mail/send_email", "mail/send_email_batch"]),
        ("adress", &["mail/send_email", "mail/send_email_batch"]),
        // Nothing.
        ("zebra", &[]),
        ("invoice zebra", &[]),
        ("", &[]),
        ("…/-", &[]),
    ] {
        assert_eq!(ids(text), expected, "{text:?}");
    }
}

#[test]
fn hits_say_where_and_how_many() {
    let documents = shop();
    let found = search(&documents, "mail address", 1);
    assert_eq!((found.hits.len(), found.total, found.near), (1, 2, false));
    assert_eq!(found.hits[0].matched, [Field::Id, Field::Folder, Field::Parameters]);
    assert!(search(&documents, "resise", 9).near);
    let none = search(&documents, "invoice zebra lion", 9);
    assert_eq!(none, Found { unknown: vec!["zebra".into(), "lion".into()], ..Found::default() });
    // Each word matches something, and nothing matches both.
    assert_eq!(search(&documents, "resize invoice", 9), Found::default());
}

#[test]
fn tags_and_titles_count_for_more_than_prose() {
    let tags = ["pictures".to_owned()];
    let documents = [
        Document { id: "a", description: Some("handles pictures"), ..Document::default() },
        Document { id: "b", tags: &tags, ..Document::default() },
        Document { id: "c", title: Some("Pictures"), ..Document::default() },
        Document { id: "pictures", ..Document::default() },
    ];
    let order: Vec<_> = search(&documents, "pictures", 9).hits.iter().map(|hit| hit.index).collect();
    assert_eq!(order, [3, 1, 2, 0]);
}

proptest! {
    #[test]
    fn any_text_is_searched_without_harm(text in ".{0,40}", id in ".{0,20}", said in ".{0,60}") {
        let document = Document { id: &id, description: Some(&said), ..Document::default() };
        let documents = [document.clone(), document];
        let found = search(&documents, &text, 20);
        // Equal documents stay in their order.
        prop_assert!(found.hits.len() != 1);
        prop_assert!(found.hits.iter().map(|hit| hit.index).eq(0..found.hits.len()));
        prop_assert!(found.hits.iter().all(|hit| hit.score > 0 && !hit.matched.is_empty()));
    }

    #[test]
    fn a_document_is_found_by_each_of_its_words(id in "[a-z]{3,8}(_[a-z]{3,8}){0,2}") {
        let documents = [Document { id: &id, ..Document::default() }];
        for word in id.split('_') {
            prop_assert_eq!(search(&documents, word, 9).total, 1);
        }
        prop_assert_eq!(search(&documents, &id, 9).total, 1);
    }

    #[test]
    fn one_word_more_never_adds_a_hit(first in "[a-z]{1,5}", second in "[a-z]{1,5}", limit in 0_usize..4) {
        let documents = shop();
        let one = search(&documents, &first, 20);
        let both = search(&documents, &format!("{first} {second}"), 20);
        if !one.near && !both.near && super::words_of(&first).len() == 1 {
            let within = |hit: &super::Hit| one.hits.iter().any(|other| other.index == hit.index);
            prop_assert!(super::EMPTY.contains(&first.as_str()) || both.hits.iter().all(within));
        }
        prop_assert_eq!(search(&documents, &first, limit).hits, one.hits.iter().take(limit).cloned().collect::<Vec<_>>());
    }
}
