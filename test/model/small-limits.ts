/** Limits so small that answers of a few characters need several text items and several catch-up pages. */
export const SMALL_LIMITS = {
  MAX_INLINE_TEXT_BYTES: 6,
  MAX_TEXT_ITEM_UNITS: 4,
  MAX_STATE_PAGE_UNITS: 8,
  MAX_STATE_PAGE_ITEMS: 3,
};
