// A program that uses the contract's types. If they were `any`, the lines that expect an error would fail.
import type { components } from "./contract";

type Schemas = components["schemas"];

const request: Schemas["ImageElementRequest"] = {
    element_name: "Mara",
    element_description: "Keeper of a lighthouse.",
    reference_type: "image_refer",
    element_image_list: {
        frontal_image: "https://media.example.com/mara/front.jpg",
        refer_images: [{ image_url: "https://media.example.com/mara/left.jpg" }],
    },
    tag_list: [{ tag_id: "o_102" }],
    callback_url: "https://studio.example.com/hooks/kling",
};
const deletion: Schemas["DeleteElementRequest"] = { element_id: "9007199254740993" };
const created: Schemas["Task"]["created_at"] = 1784541600000;

// @ts-expect-error not a tag
const tag: Schemas["TagId"] = "o_109";
// @ts-expect-error another kind of request
const kind: Schemas["ImageElementRequest"]["reference_type"] = "video_refer";
// @ts-expect-error a number instead of a string
const callback: Schemas["ImageElementRequest"]["callback_url"] = 5;
// @ts-expect-error no id
const nothing: Schemas["DeleteElementRequest"] = {};

export { callback, created, deletion, kind, nothing, request, tag };
