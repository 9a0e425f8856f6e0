//! Tables in the page.

use maud::{Markup, html};

use crate::words::table::{Cell, Table};

/// A table that the page's script lets sort and filter.
pub(super) fn data_table(table: &Table) -> Markup {
    scrolling(table, &table.caption, table.rows.len() > 1)
}

/// A table that scrolls by itself where the screen is narrow, under a name that no other has.
pub(super) fn scrolling(table: &Table, name: &str, sortable: bool) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(name) {
            table.sortable[sortable] {
                thead { (headings(table)) }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (place, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
                                @if place == 0 {
                                    th scope="row" { (content(cell)) }
                                } @else {
                                    td.number[column.numeric] data-order=[cell.order] { (content(cell)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        p.caption { (table.caption) }
    }
}

fn headings(table: &Table) -> Markup {
    let mut groups: Vec<(Option<&str>, usize)> = Vec::new();
    for column in &table.columns {
        match groups.last_mut() {
            Some((group, width)) if *group == column.group.as_deref() => *width += 1,
            _ => groups.push((column.group.as_deref(), 1)),
        }
    }
    html! {
        @if groups.iter().any(|(group, _)| group.is_some()) {
            tr.groups {
                @for (group, width) in &groups {
                    @if let Some(group) = group { th scope="colgroup" colspan=(width) { (group) } }
                    @else { td colspan=(width) {} }
                }
            }
        }
        tr { @for column in &table.columns { th.number[column.numeric] scope="col" { (column.title) } } }
    }
}

fn content(cell: &Cell) -> Markup {
    html! {
        @if cell.best {
            strong.best { span aria-hidden="true" { "★ " } (cell.text) span.hidden { " (best)" } }
        } @else { (cell.text) }
        @if let Some(note) = &cell.note { small { (note) } }
    }
}
