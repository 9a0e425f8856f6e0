//! Hostile text of every kind in every name, through the whole report: what a browser, a renderer of Markdown and a reader
//! of XML make of it.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};

use crate::data::ReportData;
use crate::fixture;
use crate::render::{Markdown, render_html, render_markdown};

/// Every control, and everything from the marks of direction to the isolates.
fn characters() -> impl Iterator<Item = char> {
    let ranges = ['\u{0}'..='\u{1f}', '\u{7f}'..='\u{9f}', '\u{200e}'..='\u{2069}'];
    ranges.into_iter().flatten().chain(['\u{200b}', '\u{ad}', '\u{feff}', '\u{ffff}', '\u{e0041}'])
}

/// Those that no format may carry: the others of the range are dashes, quotes, dots and spaces.
fn is_unseen(character: char) -> bool {
    let seen = matches!(character, '\u{2010}'..='\u{2027}' | '\u{202f}'..='\u{205f}' | '\n' | '\t');
    !seen && characters().any(|known| known == character)
}

/// Text that wants to be a link, markup, a list, a table or a heading.
const WORDS: [&str; 12] = [
    "https://example.org/?a=b&c=d",
    "www.example.org",
    "someone@example.org",
    "mailto:someone@example.org",
    "<https://example.org>",
    "[link](https://example.org)",
    "![picture](figures/other.png)",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a|b||c \\| d `e` ``f",
    "*b* _i_ ~~s~~ $m$ # h &amp; &#64; \\",
    "]]> --> \" ' </title></svg></style>",
    "1. one\n- two\n+ three\n---\n# four\n> five\n```\nsix\n",
];

/// A report whose every name holds `text`.
fn named(text: &str) -> ReportData {
    let mut data = fixture::with_pictures();
    data.title = text.into();
    if let Some(sweep) = &mut data.sweep {
        (sweep.name, sweep.command) = (text.into(), text.into());
    }
    for run in &mut data.runs {
        let start = &mut run.row.start;
        for name in
            [&mut start.dataset, &mut start.host, &mut start.weights, &mut start.label, &mut start.optimizer]
        {
            *name = text.into();
        }
        start.layers = start.layers.as_ref().map(|_| text.into());
        start.git_commit = Some(text.into());
        let value = format!("{text} {}", run.row.id);
        let classes = serde_json::json!({ "positive": text, "negative": format!("not {text}") });
        start.config =
            serde_json::json!({ "data": classes, "model": { text: value }, "training": { "seed": 0 } })
                .to_string();
        for row in run.predictions.iter_mut().chain(&mut run.validation) {
            row.patient = format!("{text}{}", row.patient).into();
            row.image = format!("{text}{}", row.image).into();
        }
    }
    for trial in &mut data.unfinished {
        trial.label = text.into();
        if let Some(run) = &mut trial.run {
            run.failure = Some(text.into());
        }
    }
    data.pictures.missing.push(text.into());
    data
}

/// A report of everything that is unseen, in portions that names can hold.
fn unseen() -> Vec<ReportData> {
    let all: Vec<char> = characters().collect();
    all.chunks(40).map(|some| named(&some.iter().collect::<String>())).collect()
}

#[test]
fn no_character_that_is_not_seen_stands_in_a_page_a_markdown_file_or_a_figure() {
    for data in unseen() {
        let Markdown { text, details, figures, .. } = render_markdown(&data).unwrap();
        let page = render_html(&data).unwrap();
        let svgs = figures.iter().map(|(_, svg)| svg);
        for rendered in [&page, &text, &details].into_iter().chain(svgs) {
            let found = rendered.chars().find(|character| is_unseen(*character));
            assert_eq!(found, None, "{:?}", found.map(|character| character.escape_unicode().to_string()));
        }
        // They are shown instead.
        let first = data.title.chars().find(|character| is_unseen(*character)).unwrap();
        let code = format!("u{{{:x}}}", u32::from(first));
        assert!(first == '\0' || (page.contains(&code) && details.contains(&code)), "{code}");
    }
}

#[test]
fn every_figure_is_well_formed_xml_whatever_its_names_hold() {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    for data in unseen().into_iter().chain(WORDS.map(named)) {
        for (name, svg) in render_markdown(&data).unwrap().figures {
            assert!(svg.chars().all(allowed), "{name}");
            let mut reader = quick_xml::Reader::from_str(&svg);
            reader.config_mut().check_comments = true;
            let mut depth = 0;
            loop {
                match reader.read_event().unwrap_or_else(|problem| panic!("{name}: {problem}\n{svg}")) {
                    quick_xml::events::Event::Start(_) => depth += 1,
                    quick_xml::events::Event::End(_) => depth -= 1,
                    quick_xml::events::Event::Eof => break,
                    quick_xml::events::Event::GeneralRef(entity) => {
                        let entity = String::from_utf8(entity.to_vec()).unwrap();
                        assert!(
                            ["amp", "lt", "gt", "quot", "apos"].contains(&entity.as_str()),
                            "{name}: {entity}"
                        );
                    }
                    _ => {}
                }
            }
            assert_eq!(depth, 0, "{name}");
        }
    }
}

#[test]
fn names_make_no_links_no_markup_and_no_blocks_in_markdown() {
    let files = |text: &str| {
        let markdown = render_markdown(&named(text)).unwrap();
        [markdown.text, markdown.details]
    };
    let plain = files("name").map(|file| outline(&file));
    for word in WORDS {
        for text in
            [word.to_owned(), format!("before {word} after"), format!("({word})"), format!("-{word}-")]
        {
            for (file, plain) in files(&text).iter().zip(&plain) {
                assert_eq!(outline(file), *plain, "{text}\n{file}");
            }
        }
    }
}

/// How many blocks of each kind a renderer finds; links and markup make it panic.
fn outline(text: &str) -> Vec<(&'static str, usize)> {
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    let mut counted = std::collections::BTreeMap::new();
    for node in parse_document(&arena, text, &options).descendants() {
        let kind = match &node.data.borrow().value {
            NodeValue::Link(link) if link.url == "details.md" => "link",
            NodeValue::Link(link) => panic!("a link to {}:\n{text}", link.url),
            NodeValue::Image(image) => {
                assert!(image.url.starts_with("figures/"), "{}", image.url);
                "image"
            }
            NodeValue::HtmlInline(html) if html == "<br>" => continue,
            NodeValue::HtmlInline(html) => panic!("markup {html}:\n{text}"),
            NodeValue::HtmlBlock(html) => panic!("markup {}:\n{text}", html.literal),
            NodeValue::Heading(_) => "heading",
            NodeValue::Table(_) => "table",
            NodeValue::TableRow(_) => "row",
            NodeValue::TableCell => "cell",
            NodeValue::List(_) => "list",
            NodeValue::Item(_) | NodeValue::TaskItem(_) => "item",
            NodeValue::CodeBlock(_) => "code block",
            NodeValue::BlockQuote => "quotation",
            NodeValue::ThematicBreak => "rule",
            NodeValue::Strikethrough => "struck out",
            NodeValue::Emph => "emphasis",
            NodeValue::Paragraph => "paragraph",
            _ => continue,
        };
        *counted.entry(kind).or_insert(0) += 1;
    }
    counted.into_iter().collect()
}

#[test]
fn names_make_no_markup_in_a_page() {
    let tags = |page: &str| page.matches('<').count();
    let plain = render_html(&named("name")).unwrap();
    for word in WORDS {
        let page = render_html(&named(word)).unwrap();
        assert_eq!(tags(&page), tags(&plain), "{word}");
        assert!(!page.contains("<script>alert") && !page.contains("<a href=\"http"));
    }
}

#[test]
fn files_are_named_alike_whatever_the_names_in_them() {
    let names = |data: &ReportData| {
        let markdown = render_markdown(data).unwrap();
        let figures = markdown.figures.into_iter().map(|(name, _)| name);
        figures.chain(markdown.pictures.into_iter().map(|(name, _)| name)).collect::<Vec<_>>()
    };
    let plain = names(&named("name"));
    for data in unseen().into_iter().chain(WORDS.map(named)) {
        assert_eq!(names(&data), plain);
        assert!(
            data.slug()
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        );
    }
}
