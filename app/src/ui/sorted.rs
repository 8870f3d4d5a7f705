//! A list whose rows never change their order: what comes is put in its place, what goes is taken out,
//! and no other row is touched.
//!
//! `leptos::For` also takes lists that are shuffled. Its price: where two rows or more come before others,
//! it takes those others out of the document and puts them in again, and the browser draws them anew.

use std::mem;

use leptos::{
    prelude::*,
    tachys::{
        html::attribute::{Attribute, any_attribute::AnyAttribute},
        hydration::Cursor,
        reactive_graph::OwnedView,
        renderer::{
            Rndr,
            types::{Element, Node, Placeholder},
        },
        view::{Position, PositionState, add_attr::AddAnyAttr},
    },
};

pub struct Sorted<T, K, F> {
    items: Vec<T>,
    key: fn(&T) -> K,
    page: Owner,
    view: F,
}

impl<T, K: Ord, F: Fn(T) -> AnyView> Sorted<T, K, F> {
    /// `items` ascend by `key`. What a row made for itself lives as long as the row is listed, under
    /// `page`, which lives as long as the list.
    pub fn new(items: Vec<T>, key: fn(&T) -> K, page: Owner, view: F) -> Self {
        Self { items, key, page, view }
    }

    fn into_rows(self) -> impl Iterator<Item = (K, OwnedView<AnyView>)> {
        let Self { items, key, page, view } = self;
        items.into_iter().map(move |item| (key(&item), row(&page, &view, item)))
    }
}

fn row<T>(page: &Owner, view: impl Fn(T) -> AnyView, item: T) -> OwnedView<AnyView> {
    let own = page.with(Owner::new);
    let view = own.with(|| view(item));
    OwnedView::new_with_owner(view, own)
}

type Row = <OwnedView<AnyView> as Render>::State;

pub struct SortedState<K> {
    rows: Vec<(K, Row)>,
    /// Behind the last row.
    end: Placeholder,
}

impl<T, K, F> Render for Sorted<T, K, F>
where
    K: Ord + 'static,
    F: Fn(T) -> AnyView,
{
    type State = SortedState<K>;

    fn build(self) -> Self::State {
        let rows = self.into_rows().map(|(key, row)| (key, row.build())).collect();
        SortedState { rows, end: Rndr::create_placeholder() }
    }

    fn rebuild(self, state: &mut Self::State) {
        let Self { items, key, page, view } = self;
        let mut before = mem::take(&mut state.rows).into_iter().peekable();
        for item in items {
            let key = key(&item);
            while let Some((_, mut gone)) = before.next_if(|(other, _)| *other < key) {
                gone.unmount();
            }
            let row = before.next_if(|(other, _)| *other == key).unwrap_or_else(|| {
                let mut new = row(&page, &view, item).build();
                let next = before.peek();
                if !next.is_some_and(|(_, next)| next.insert_before_this(&mut new)) {
                    state.end.insert_before_this(&mut new);
                }
                (key, new)
            });
            state.rows.push(row);
        }
        for (_, mut gone) in before {
            gone.unmount();
        }
    }
}

impl<K> Mountable for SortedState<K> {
    fn unmount(&mut self) {
        for (_, row) in &mut self.rows {
            row.unmount();
        }
        self.end.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        for (_, row) in &mut self.rows {
            row.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let first = self.rows.first();
        first.is_some_and(|(_, row)| row.insert_before_this(child))
            || self.end.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.rows.iter().flat_map(|(_, row)| row.elements()).collect()
    }
}

/// Attributes are for what has one element.
impl<T, K, F> AddAnyAttr for Sorted<T, K, F>
where
    T: Send + 'static,
    K: Ord + 'static,
    F: Fn(T) -> AnyView + Send + 'static,
{
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self::Output<A> {
        self
    }
}

impl<T, K, F> RenderHtml for Sorted<T, K, F>
where
    T: Send + 'static,
    K: Ord + 'static,
    F: Fn(T) -> AnyView + Send + 'static,
{
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        for (_, row) in self.into_rows() {
            row.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs.clone());
            *position = Position::NextChild;
        }
        buf.push_str("<!>");
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        let hydrated = |(key, row): (K, OwnedView<AnyView>)| {
            (key, row.hydrate::<FROM_SERVER>(cursor, position))
        };
        let rows = self.into_rows().map(hydrated).collect();
        let end = cursor.next_placeholder(position);
        position.set(Position::NextChild);
        SortedState { rows, end }
    }

    async fn hydrate_async(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.hydrate::<true>(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
