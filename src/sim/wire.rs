//! How requests and responses are declared: AWS's member names, absent members left out.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Whether a member is left out of a serialised response.
pub(super) trait Member {
    /// True where AWS would not send the member at all.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Member for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Member for String {}
impl Member for Timestamp {}
impl Member for bool {}
impl Member for i64 {}
impl Member for u16 {}
impl Member for u32 {}
impl Member for f64 {}
impl<T> Member for Vec<T> {}
impl<K, V> Member for BTreeMap<K, V> {}

/// Declares structs whose members are AWS's, in PascalCase or, after `camelCase;`, in camelCase.
/// Unknown members are ignored on the way in, absent ones are skipped on the way out.
macro_rules! wire {
    (camelCase; $($rest:tt)*) => { $crate::sim::wire::wire! { @declare "camelCase" $($rest)* } };
    (@declare $case:literal $(
        $(#[$meta:meta])*
        $name:ident { $( $(#[$field_meta:meta])* $field:ident : $ty:ty ),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = $case)]
        #[allow(missing_docs, reason = "the members are AWS's, described in its API reference")]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "crate::sim::wire::Member::is_absent")]
                pub $field: $ty,
            )*
        }

        impl crate::sim::wire::Member for $name {}
    )*};
    ($($rest:tt)*) => { $crate::sim::wire::wire! { @declare "PascalCase" $($rest)* } };
}
pub(super) use wire;
