//! Schemas of bodies, with the named ones that they refer to.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr};

/// Schemas by their names.
pub(super) type Named = Vec<(String, RefOr<Schema>)>;

/// A body: its content type, its schema and the schemas that one refers to.
pub(super) struct Shape {
    pub kind: &'static str,
    pub schema: RefOr<Schema>,
    pub named: Named,
    /// One that works as it stands.
    pub example: Option<Value>,
}

impl Shape {
    pub(super) fn content(&self) -> Content {
        let content = ContentBuilder::new().schema(Some(self.schema.clone()));
        content.example(self.example.clone()).build()
    }

    /// The same under another content type.
    pub(super) fn sent_as(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn such_as(self, example: Value) -> Self {
        Self { example: Some(example), ..self }
    }

    /// This one or the other.
    pub(super) fn or<T: ToSchema>(mut self) -> Self {
        let other = json::<T>();
        let either = AnyOfBuilder::new().item(self.schema).item(other.schema).build();
        self.named.extend(other.named);
        Self { schema: Schema::AnyOf(either).into(), ..self }
    }

    /// Several of them in an array.
    pub(super) fn in_array(self) -> Self {
        let array = ArrayBuilder::new().items(self.schema).build();
        Self { schema: Schema::Array(array).into(), ..self }
    }
}

/// JSON of a type that describes itself.
pub(super) fn json<T: ToSchema>() -> Shape {
    let mut named = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut named);
    let schema = Ref::from_schema_name(T::name()).into();
    Shape { kind: "application/json", schema, named, example: None }
}

/// A page of a list, as [`app::model::Page`] is sent.
pub(super) fn page<T: ToSchema>() -> Shape {
    let Shape { kind, schema: items, named, .. } = json::<T>().in_array();
    let cursor = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("Passed back as `cursor`, gives the next page; `null` on the last."));
    let page = ObjectBuilder::new()
        .property("items", items)
        .required("items")
        .property("nextCursor", cursor)
        .required("nextCursor");
    Shape { kind, schema: Schema::from(page).into(), named, example: None }
}

/// JSON that is described elsewhere.
pub(super) fn object() -> Shape {
    let schema = Schema::from(ObjectBuilder::new().schema_type(Type::Object));
    Shape { kind: "application/json", schema: schema.into(), named: Named::new(), example: None }
}

/// A body of any kind.
pub(super) fn any() -> Shape {
    let schema = Schema::from(ObjectBuilder::new().schema_type(SchemaType::AnyValue)).into();
    Shape { kind: "*/*", schema, named: Named::new(), example: None }
}

pub(super) fn words() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Plain text.
pub(super) fn text() -> Shape {
    of_text("text/plain; charset=utf-8")
}

pub(super) fn of_text(kind: &'static str) -> Shape {
    let schema = Schema::from(words());
    Shape { kind, schema: schema.into(), named: Named::new(), example: None }
}
